import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { difference, intersection, isEmptySet, samePages, union } from '../../../formats/pages/algebra.js'
import {
  addBlock,
  addRun,
  createPageSet,
  type PageSet,
  removeBlock,
  SPAN_BITS,
} from '../../../formats/pages/page-set.js'
import { listBlocks } from '../../../formats/pages/runs.js'

const blocks = fc.array(
  fc.record({
    order: fc.integer({ min: 0, max: 3 }),
    block: fc.oneof(fc.nat(90), fc.integer({ min: SPAN_BITS - 20, max: SPAN_BITS + 20 })),
  }),
  { maxLength: 40 },
)

function build(list: { order: number; block: number }[]): PageSet {
  const set = createPageSet(12)
  for (const { order, block } of list) addBlock(set, block * 2 ** (12 + order), order)
  return set
}

const keys = (set: PageSet) => new Set(listBlocks(set).map(({ address, order }) => `${address} ${order}`))

describe('set algebra', () => {
  it('is that of sets of blocks', () => {
    fc.assert(
      fc.property(blocks, blocks, (x, y) => {
        const [a, b] = [build(x), build(y)]
        const [ka, kb] = [keys(a), keys(b)]
        expect(keys(union(a, b))).toEqual(new Set([...ka, ...kb]))
        expect(keys(intersection(a, b))).toEqual(new Set([...ka].filter(key => kb.has(key))))
        expect(keys(difference(a, b))).toEqual(new Set([...ka].filter(key => !kb.has(key))))
        expect(samePages(a, b)).toBe(ka.size === kb.size && [...ka].every(key => kb.has(key)))
        expect(samePages(union(difference(a, b), intersection(a, b)), a)).toBe(true)
        expect(isEmptySet(difference(a, a))).toBe(true)
        expect(keys(a)).toEqual(ka)
      }),
    )
  })

  it('takes a bitmap without a bit for none', () => {
    const emptied = build([
      { order: 0, block: 3 },
      { order: 2, block: 9 },
    ])
    removeBlock(emptied, 3 * 4096, 0)
    removeBlock(emptied, 9 * 4 * 4096, 2)
    const none = createPageSet(12)
    const one = build([{ order: 0, block: 4 }])
    expect([isEmptySet(none), isEmptySet(emptied), isEmptySet(one)]).toEqual([true, true, false])
    for (const [a, b] of [
      [none, emptied],
      [emptied, none],
    ] as const) {
      expect(samePages(a, b)).toBe(true)
      expect(union(a, b).orders.size + intersection(a, b).orders.size + difference(a, b).orders.size).toBe(0)
    }
    expect([samePages(one, emptied), samePages(emptied, one)]).toEqual([false, false])
  })

  it('does not write to what its operands share', () => {
    const a = createPageSet(12)
    addRun(a, 0, 0, SPAN_BITS * 2)
    const sum = union(a, createPageSet(12))
    addBlock(sum, SPAN_BITS * 3 * 4096, 0)
    expect(samePages(a, sum)).toBe(false)
    expect(listBlocks(a)).toHaveLength(SPAN_BITS * 2)
  })

  it('refuses sets of different page sizes', () => {
    expect(() => union(createPageSet(12), createPageSet(14))).toThrow(/re-block/)
  })
})
