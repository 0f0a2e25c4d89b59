import { describe, expect, it } from 'vitest'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { coverage } from '../../../formats/pages/coverage.js'
import { createPageSet } from '../../../formats/pages/page-set.js'
import { sameWords } from '../../../formats/pages/words.js'
import { pairChanges } from '../../../src/diff/compare-items.js'
import { compareContents, contentBudget } from '../../../src/diff/content.js'
import { createItem } from '../../../src/diff/item.js'
import type { FolioFlags } from '../../../src/model/kind.js'
import { EMPTY } from './states.js'

const PAGE = 4096

/** Memory of eight pages at 1 MiB, with bytes that differ from the other's where told. */
function memoryWith(places: readonly number[]) {
  const builder = createMemoryBuilder({ geometry: geometry(12), ram: [{ start: 2 ** 20, end: 2 ** 21 }] })
  const { bytes } = builder.place(2 ** 20, 8)
  for (const at of places) bytes[at] = 1
  return builder.memory()
}

/** A content that begins somewhere in a page. */
function contentAt(address: number, size: number) {
  return { size, incomplete: null, pieces: () => [{ offset: 0, length: size, address }] }
}

function different(places: readonly number[], start: number, size: number) {
  const content = contentAt(2 ** 20 + start, size)
  const [a, b] = [memoryWith([]), memoryWith(places)]
  return compareContents({ memory: a, content }, { memory: b, content }, contentBudget(a, b))
}

describe('contents', () => {
  it('differ in units of the content, wherever in a page it begins', () => {
    // Byte 5 and byte 4,100 of a content that begins at byte 1,000 of a page.
    expect(different([1005, 1000 + PAGE + 4], 1000, 4 * PAGE)).toMatchObject({
      different: [{ start: 0, end: 2 * PAGE }],
      differentUnits: 2,
    })
    expect(different([1000 + PAGE - 1], 1000, 4 * PAGE).different).toEqual([{ start: 0, end: PAGE }])
    expect(different([1000 + 3 * PAGE], 1000, 3 * PAGE + 7).different).toEqual([
      { start: 3 * PAGE, end: 3 * PAGE + 7 },
    ])
  })

  it('in pieces that begin inside a unit are cut at the units', () => {
    const size = 3 * PAGE
    const pieces = () => [
      { offset: 0, length: 100, address: 2 ** 20 },
      { offset: 100, length: size - 100, address: 2 ** 20 + PAGE },
    ]
    const content = { size, incomplete: null, pieces }
    // The last byte of the content's first unit, and the first of its second.
    const [a, b] = [memoryWith([]), memoryWith([PAGE + PAGE - 101])]
    const last = compareContents({ memory: a, content }, { memory: b, content }, contentBudget(a, b))
    expect(last.different).toEqual([{ start: 100, end: PAGE }])
    const c = memoryWith([PAGE + PAGE - 100])
    const first = compareContents({ memory: a, content }, { memory: c, content }, contentBudget(a, c))
    expect(first.different).toEqual([{ start: PAGE, end: 2 * PAGE }])
  })
})

describe('flags of folios', () => {
  function changesOf(a: [number, number][], b: [number, number][]) {
    const flagsOf = (list: [number, number][]) => (): FolioFlags => ({
      index: Float64Array.from(list, ([index]) => index),
      flags: Uint16Array.from(list, ([, flags]) => flags),
    })
    const item = (list: [number, number][]) => createItem('file', 'f', 'file', { folioFlags: flagsOf(list) })
    const memories = { a: EMPTY, b: EMPTY, budget: contentBudget(EMPTY, EMPTY) }
    const none = coverage(createPageSet(12))
    return pairChanges({ a: item(a), b: item(b), renamed: null }, memories, {
      follows: () => false,
      lacking: [],
      difference: { added: none, removed: none, same: sameWords },
    })
  }

  it('are compared at the same place of the file, also where the lists differ in order', () => {
    expect(
      changesOf(
        [
          [0, 1],
          [1, 3],
        ],
        [
          [1, 3],
          [0, 1],
        ],
      ),
    ).toEqual([])
    expect(
      changesOf(
        [
          [0, 1],
          [1, 3],
          [7, 0],
        ],
        [
          [1, 2],
          [0, 0],
          [8, 3],
        ],
      ),
    ).toMatchObject([
      {
        class: 'flags',
        what: 'folio 0',
        a: { value: 'dirty' },
        b: { value: 'none' },
        note: 'and 1 more folios',
      },
    ])
  })

  it.each([
    [0, 'none'],
    [1, 'dirty'],
    [2, 'uptodate'],
    [3, 'dirty, uptodate'],
  ])('%i is %s', (flags, text) => {
    const [change] = changesOf([[4, flags]], [[4, flags ^ 3]])
    expect(change).toMatchObject({ what: 'folio 4', a: { value: text }, note: null })
  })
})
