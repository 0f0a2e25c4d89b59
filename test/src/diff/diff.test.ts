import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { addRun, createPageSet } from '../../../formats/pages/page-set.js'
import { type Diff, diffStates } from '../../../src/diff/diff.js'
import { ignoreTerm } from '../../../src/diff/ignore.js'
import { setOf, stateOf } from './states.js'

const builder = (): MemoryBuilder =>
  createMemoryBuilder({ geometry: geometry(12), ram: [{ start: 0, end: 2 ** 30 }] })

function memoryWith(bytes: Record<number, number>) {
  const made = builder()
  for (const [page, value] of Object.entries(bytes)) made.place(Number(page) * 4096, 1).bytes.fill(value)
  return made.memory()
}

const lines = (diff: Diff) =>
  diff.changes.map(
    ({ path, class: name, what, note }) => `${path} ${name} ${what}${note === null ? '' : ` (${note})`}`,
  )
const ranges = (diff: Diff, n = 0) => ({
  a: [...(diff.changes[n]?.a?.memory.ranges() ?? [])],
  b: [...(diff.changes[n]?.b?.memory.ranges() ?? [])],
})
const region = (page: number, pages: number, name = 'r') => ({ name, start: page * 4096, size: pages * 4096 })
const page = (n: number, count = 1) => ({ start: n * 4096, end: (n + count) * 4096 })

describe('an owner that both states have', () => {
  it('has moved when its frames are others and as many', () => {
    const a = { pages: setOf([[1, 4]]), regions: [region(4, 2)], memory: memoryWith({ 4: 1, 5: 2 }) }
    const b = { pages: setOf([[1, 8]]), regions: [region(8, 2)], memory: memoryWith({ 8: 1, 9: 2 }) }
    const diff = diffStates(stateOf(a), stateOf(b))
    expect(lines(diff)).toEqual(['memblock/r moved memory'])
    expect(ranges(diff)).toEqual({ a: [page(4, 2)], b: [page(8, 2)] })
    expect(diff.same).toBe(false)
  })

  it('is compared byte by byte, wherever it lies', () => {
    const a = { pages: setOf([[1, 4]]), regions: [region(4, 2)], memory: memoryWith({ 4: 1, 5: 2 }) }
    const b = { pages: setOf([[1, 8]]), regions: [region(8, 2)], memory: memoryWith({ 8: 1, 9: 3 }) }
    const diff = diffStates(stateOf(a), stateOf(b))
    expect(lines(diff)).toEqual([
      'memblock/r moved memory',
      'memblock/r content-changed content (4 KiB differ: bytes 4096-8192)',
    ])
  })

  it('has been resized when its size is another', () => {
    const a = { pages: setOf([[1, 4]]), regions: [region(4, 2)], memory: memoryWith({ 4: 1, 5: 2 }) }
    const b = {
      pages: setOf([[2, 4]]),
      regions: [region(4, 4)],
      memory: memoryWith({ 4: 1, 5: 2, 6: 1, 7: 1 }),
    }
    const diff = diffStates(stateOf(a), stateOf(b))
    expect(lines(diff)[0]).toBe('memblock/r resized memory')
    expect(ranges(diff)).toEqual({ a: [], b: [page(6, 2)] })
    expect([diff.changes[0]!.a!.value, diff.changes[0]!.b!.value]).toEqual(['8 KiB', '16 KiB'])
    expect(diff.changes.map(change => change.class)).not.toContain('content-changed')
  })

  it('has another name when its frames are those of one that is gone', () => {
    const a = { pages: setOf([[1, 4]]), regions: [region(4, 2, 'old')] }
    const b = { pages: setOf([[1, 4]]), regions: [region(4, 2, 'new')] }
    const diff = diffStates(stateOf(a), stateOf(b), { ignore: ['unknown'] })
    expect(lines(diff)).toEqual(['memblock/new renamed name (the same frames)'])
    expect(diff.changes[0]!.a!.path).toBe('memblock/old')
    expect(diff.same).toBe(false)
  })

  it('has lost memory that it claims and that is preserved no more', () => {
    const regions = [region(4, 2)]
    const diff = diffStates(
      stateOf({ pages: setOf([[1, 4]]), regions }),
      stateOf({ pages: setOf([[0, 4]]), regions }),
    )
    expect(lines(diff)[0]).toBe('memblock/r resized memory')
    expect(ranges(diff)).toEqual({ a: [page(5)], b: [] })
  })

  it('lies in blocks of other orders: structure, with the blocks of each side', () => {
    const regions = [region(4, 2)]
    const [a, b] = [
      stateOf({ pages: setOf([[1, 4]]), regions }),
      stateOf({
        pages: setOf([
          [0, 4],
          [0, 5],
        ]),
        regions,
      }),
    ]
    const diff = diffStates(a, b, { ignore: ['unknown'] })
    expect(lines(diff)).toEqual(['memblock/r split orders', 'tracker structure blocks'])
    const [split] = diff.changes
    expect([split!.a!.value, split!.b!.value]).toEqual(['1 of order 1', '2 of order 0'])
    expect(diff.same).toBe(true)
    expect(diffStates(a, b, { structure: true }).same).toBe(false)
    expect(diffStates(a, b, { structure: true, ignore: ['split', 'structure'] }).same).toBe(true)
  })
})

describe('what a dump lacks', () => {
  const regions = [region(4, 2)]
  const pages = setOf([[1, 4]])

  it('is unknown: contents', () => {
    const a = stateOf({ pages, regions, memory: memoryWith({ 4: 1, 5: 2 }) })
    const b = stateOf({ pages, regions, memory: memoryWith({ 4: 1 }) })
    const diff = diffStates(a, b)
    expect(lines(diff)).toEqual(['memblock/r unknown content (4 KiB not in B)'])
    expect(diff.same).toBe(true)
  })

  it('is unknown: scratch', () => {
    const diff = diffStates(
      stateOf({ pages, scratch: null }),
      stateOf({ pages, scratch: [{ start: 0, size: 4096 }] }),
    )
    expect(lines(diff)).toEqual(['scratch unknown areas (A: made up)'])
    expect(diff.same).toBe(true)
  })

  it('is unknown: all of the preserved set', () => {
    const a = stateOf({ pages: createPageSet(12), tracker: { state: 'absent', reason: 'not in the dump' } })
    const diff = diffStates(a, stateOf({ pages }))
    expect(lines(diff)).toEqual(["tracker unknown pages (A's preserved set is not known: not in the dump)"])
    expect(diff).toMatchObject({ same: true, pages: { known: false }, totals: { addedBytes: 0 } })
  })

  it('is unknown: a part of the preserved set; what is there can still be missing in the other', () => {
    const a = stateOf({
      pages: setOf([
        [0, 4],
        [0, 9],
      ]),
      tracker: { state: 'partial', reason: 'a page is missing' },
    })
    const diff = diffStates(
      a,
      stateOf({
        pages: setOf([
          [0, 4],
          [0, 7],
        ]),
      }),
    )
    expect(lines(diff)).toEqual([
      'tracker removed memory',
      "tracker unknown pages (A's preserved set is not known whole: a page is missing)",
    ])
    expect(ranges(diff)).toEqual({ a: [page(9)], b: [] })
  })

  it('is unknown: owners that a blob would name', () => {
    const fault = {
      code: 'BLOB-ABSENT',
      message: '',
      address: 0,
      path: 'memblock',
      absent: 'excluded',
    } as const
    const blob = {
      name: 'memblock',
      path: 'memblock',
      address: 0x2000,
      size: null,
      format: 'bytes',
      value: null,
    } as const
    const a = stateOf({ pages, regions })
    const b = stateOf({ pages, blobs: [{ ...blob, faults: [fault] }] })
    const diff = diffStates(a, b)
    expect(lines(diff)).toEqual([
      'memblock unknown memory (B does not tell all of its structures)',
      'memblock/r unknown owner (B lacks what memblock leads to)',
    ])
    expect(diff.same).toBe(true)
  })
})

describe('pages that nobody owns', () => {
  it('are listed by range, word by word', () => {
    const a = createPageSet(12)
    const b = createPageSet(12)
    addRun(a, 0, 0, 2 ** 28)
    addRun(b, 0, 0, 2 ** 28 - 5)
    addRun(b, 0, 2 ** 29, 2)
    const diff = diffStates(stateOf({ pages: a }), stateOf({ pages: b }))
    expect(lines(diff)).toEqual([
      'tracker removed memory',
      'tracker added memory',
      'tracker structure blocks',
    ])
    expect(ranges(diff, 0).a).toEqual([page(2 ** 28 - 5, 5)])
    expect(ranges(diff, 1).b).toEqual([page(2 ** 29, 2)])
    expect(diff.totals).toMatchObject({ removedBytes: 5 * 4096, addedBytes: 2 * 4096 })
  })

  it('are the same pages, whatever their size', () => {
    const large = createPageSet(16)
    addRun(large, 0, 3, 2)
    const small = createPageSet(12)
    addRun(small, 4, 3, 2)
    const diff = diffStates(stateOf({ pages: large }), stateOf({ pages: small }))
    expect(diff.same).toBe(true)
    expect(lines(diff)).toEqual(['tracker structure page size (compared in pages of 4 KiB)'])
  })
})

describe('--ignore', () => {
  it.each([
    ['memblock/r', true],
    ['/memblock', true],
    ['/', true],
    ['moved', true],
    ['memblock/rr', false],
    ['resized', false],
  ])('%s', (term, same) => {
    const a = stateOf({ pages: setOf([[1, 4]]), regions: [region(4, 2)] })
    const b = stateOf({ pages: setOf([[1, 8]]), regions: [region(8, 2)] })
    expect(diffStates(a, b, { ignore: [ignoreTerm(term)] }).same).toBe(same)
  })

  it('takes no nonsense', () => {
    const refused = () => ignoreTerm('a//b')
    expect(refused).toThrow(/empty segment/)
    try {
      refused()
    } catch (error) {
      expect(isKhoError(error)).toBe(true)
    }
  })
})

describe('hostile states', () => {
  it('that claim all memory there can be are compared at once', () => {
    const pages = createPageSet(12)
    addRun(pages, 39, 0, 2)
    const regions = [{ name: 'r', start: 4096, size: 2 ** 51 }]
    const [a, b] = [
      stateOf({ pages, regions, memory: memoryWith({ 4: 1 }) }),
      stateOf({ pages, regions, memory: memoryWith({ 4: 2 }) }),
    ]
    const diff = diffStates(a, b)
    expect(lines(diff)[0]).toContain('memblock/r content-changed content')
    expect(lines(diff)[1]).toMatch(/^memblock\/r unknown content \(.* not compared/)
  })
})
