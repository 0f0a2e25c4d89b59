import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findOverlaps } from '../../../formats/pages/overlap.js'
import {
  addBlock,
  addRun,
  blockSize,
  createPageSet,
  orders,
  SPAN_BITS,
} from '../../../formats/pages/page-set.js'
import {
  blockFrom,
  blocksIn,
  countBlocksIn,
  countRun,
  forEachGap,
  nextBlock,
} from '../../../formats/pages/query.js'
import { listBlocks, listRanges } from '../../../formats/pages/runs.js'

const blocks = fc.array(
  fc.record({ order: fc.constantFrom(0, 1, 3, 9, 18), block: fc.integer({ min: 0, max: 70_000 }) }),
  { maxLength: 40 },
)

function setOf(list: readonly { order: number; block: number }[]) {
  const set = createPageSet(12)
  for (const { order, block } of list) addBlock(set, block * blockSize(set, order), order)
  return set
}

describe('blocks in a range', () => {
  it('are those that a walk over all blocks finds', () => {
    fc.assert(
      fc.property(blocks, fc.nat(2 ** 30), fc.nat(2 ** 30), (list, start, length) => {
        const set = setOf(list)
        const end = start + length
        const touching = listBlocks(set).filter(
          ({ address, order }) => address < end && address + blockSize(set, order) > start,
        )
        const byOrder = touching.sort((a, b) => a.order - b.order || a.address - b.address)
        expect(blocksIn(set, start, end, 1000)).toEqual(length === 0 ? [] : byOrder)
        expect(countBlocksIn(set, start, end)).toBe(length === 0 ? 0 : byOrder.length)
      }),
    )
  })

  it('begin at or after an address', () => {
    fc.assert(
      fc.property(blocks, fc.nat(2 ** 30), (list, address) => {
        const set = setOf(list)
        const later = listBlocks(set).filter(block => block.address >= address)
        expect(blockFrom(set, address)).toEqual(later[0] ?? null)
      }),
    )
  })

  it('are cut off at the limit', () => {
    const set = createPageSet(12)
    addRun(set, 0, 10, 100_000)
    expect(blocksIn(set, 0, 2 ** 40, 2)).toEqual([
      { address: 10 * 4096, order: 0 },
      { address: 11 * 4096, order: 0 },
    ])
    expect(countBlocksIn(set, 0, 2 ** 52)).toBe(100_000)
    expect(countRun(set.orders.get(0)!, 32_767, 32_769)).toBe(2)
    expect(nextBlock(set.orders.get(0)!, 100_009)).toBe(100_009)
    expect(nextBlock(set.orders.get(0)!, 100_010)).toBe(-1)
  })
})

describe('gaps in a range', () => {
  it('are what the ranges of all blocks leave of it', () => {
    fc.assert(
      fc.property(blocks, fc.nat(2 ** 18), fc.nat(2 ** 18), (list, first, pages) => {
        const set = setOf(list)
        const [start, end] = [first * 4096, (first + pages) * 4096]
        const left: [number, number][] = []
        let at = start
        for (const range of [...listRanges(set), { start: end, end }]) {
          const to = Math.min(range.start, end)
          if (to > at) left.push([at, to])
          at = Math.max(at, range.end)
        }
        const found: [number, number][] = []
        forEachGap(set, start, end, (from, to) => {
          found.push([from, to])
        })
        expect(found).toEqual(left)
      }),
    )
  })

  it('stop when they are told to', () => {
    const set = createPageSet(12)
    addRun(set, 0, 1, 1)
    const found: number[] = []
    forEachGap(set, 0, 8192 * 4, start => {
      found.push(start)
      return false
    })
    expect(found).toEqual([0])
  })
})

/** Few places where much meets: borders of words, of bitmaps, of blocks of other orders. */
const near = fc.array(
  fc.record({
    order: fc.constantFrom(0, 0, 1, 3, 4),
    block: fc.oneof(fc.nat(40), fc.integer({ min: SPAN_BITS - 20, max: SPAN_BITS + 20 })),
  }),
  { maxLength: 40 },
)

describe('blocks close together', () => {
  it('are found, counted and missed to the page', () => {
    const page = fc.oneof(fc.nat(90), fc.integer({ min: SPAN_BITS - 30, max: SPAN_BITS + 30 }))
    fc.assert(
      fc.property(near, page, page, fc.constantFrom(0, 1, 4095), (list, x, y, cut) => {
        const set = setOf(list)
        const [start, end] = [Math.min(x, y) * 4096 + cut, Math.max(x, y) * 4096 + cut]
        const all = listBlocks(set)
        const inside = all.filter(
          ({ address, order }) => start < end && address < end && address + blockSize(set, order) > start,
        )
        const byOrder = inside.sort((a, b) => a.order - b.order || a.address - b.address)
        expect(blocksIn(set, start, end, 100)).toEqual(byOrder)
        expect(blocksIn(set, start, end, 3)).toEqual(byOrder.slice(0, 3))
        expect(countBlocksIn(set, start, end)).toBe(byOrder.length)
        expect(blockFrom(set, start)).toEqual(all.find(({ address }) => address >= start) ?? null)
        for (const order of orders(set)) {
          const size = blockSize(set, order)
          const bits = set.orders.get(order)!
          const own = all.filter(block => block.order === order).map(({ address }) => address / size)
          const [first, last] = [Math.floor(start / size), Math.ceil(end / size)]
          expect(countRun(bits, first, last)).toBe(own.filter(n => n >= first && n < last).length)
          expect(nextBlock(bits, first)).toBe(own.find(n => n >= first) ?? -1)
        }
        const gaps: number[] = []
        forEachGap(set, start, end, (from, to) => gaps.push(from, to))
        const ranges = listRanges(set).filter(range => range.end > start && range.start < end)
        const edges = [start, ...ranges.flatMap(range => [range.start, range.end]), end]
        const left: number[] = []
        for (let n = 0; n < edges.length; n += 2) {
          const [from, to] = [Math.max(edges[n]!, start), Math.min(edges[n + 1]!, end)]
          if (from < to) left.push(from, to)
        }
        expect(gaps).toEqual(left)
      }),
      { numRuns: 60 },
    )
  })
})

describe('overlaps', () => {
  it('of blocks close together are those that comparing every pair finds, the first lower one in each', () => {
    fc.assert(
      fc.property(near, list => {
        const set = setOf(list)
        const all = listBlocks(set)
        const pairs = orders(set).flatMap(low =>
          orders(set)
            .filter(high => high > low)
            .flatMap(high =>
              all
                .filter(({ order }) => order === high)
                .flatMap(block => {
                  const end = block.address + blockSize(set, high)
                  const first = all.find(
                    ({ order, address }) => order === low && address >= block.address && address < end,
                  )
                  return first === undefined ? [] : [{ low: first, high: block }]
                }),
            ),
        )
        expect(findOverlaps(set, 1000)).toEqual(pairs)
        for (const limit of [1, 2, 3]) expect(findOverlaps(set, limit)).toEqual(pairs.slice(0, limit))
      }),
      { numRuns: 60 },
    )
  })

  it('with a block that is larger than a bitmap of the lower order are told once', () => {
    const set = createPageSet(12)
    for (const page of [5, SPAN_BITS + 3, 4 * SPAN_BITS - 1, 4 * SPAN_BITS, 9 * SPAN_BITS]) {
      addBlock(set, page * 4096, 0)
    }
    for (const block of [0, 1, 2]) addBlock(set, block * 2 ** 17 * 4096, 17)
    const high = (block: number) => ({ address: block * 2 ** 17 * 4096, order: 17 })
    const low = (page: number) => ({ address: page * 4096, order: 0 })
    expect(findOverlaps(set, 9)).toEqual([
      { low: low(5), high: high(0) },
      { low: low(4 * SPAN_BITS), high: high(1) },
      { low: low(9 * SPAN_BITS), high: high(2) },
    ])
  })

  it('are those that comparing every pair finds', () => {
    fc.assert(
      fc.property(blocks, list => {
        const set = setOf(list)
        const all = listBlocks(set)
        const pairs = all.flatMap(low =>
          all
            .filter(high => high.order > low.order)
            .filter(high => {
              const size = blockSize(set, high.order)
              return low.address >= high.address && low.address < high.address + size
            })
            .map(high => `${low.order}:${high.order} ${high.address}`),
        )
        const found = findOverlaps(set, 10_000).map(
          ({ low, high }) => `${low.order}:${high.order} ${high.address}`,
        )
        expect(new Set(found)).toEqual(new Set(pairs))
        expect(found.length).toBe(new Set(found).size)
      }),
    )
  })

  it('name the first lower block in each higher one, up to the limit', () => {
    const set = createPageSet(12)
    addRun(set, 0, 5, 3)
    addRun(set, 0, 512, 1)
    addBlock(set, 0, 9)
    addBlock(set, 2 ** 21, 9)
    const first = { low: { address: 5 * 4096, order: 0 }, high: { address: 0, order: 9 } }
    expect(findOverlaps(set, 1)).toEqual([first])
    expect(findOverlaps(set, 9)).toEqual([
      first,
      { low: { address: 2 ** 21, order: 0 }, high: { address: 2 ** 21, order: 9 } },
    ])
  })

  it('are found in the block that holds the next page of the lower order, past blocks that hold none', () => {
    const set = createPageSet(12)
    addRun(set, 0, 40, 1)
    for (const block of [0, 3, 9, 10, 11]) addBlock(set, block * 4 * 4096, 2)
    expect(findOverlaps(set, 9)).toEqual([
      { low: { address: 40 * 4096, order: 0 }, high: { address: 40 * 4096, order: 2 } },
    ])
  })

  it('of 1 TiB, half of it single pages between blocks of 2 MiB, are looked for span by span', () => {
    const set = createPageSet(12)
    for (let gib = 0; gib < 1024; gib++) {
      if (gib % 2 === 0) addRun(set, 0, gib * 2 ** 18, 2 ** 18)
      else addRun(set, 9, gib * 512, 512)
    }
    expect(findOverlaps(set, 10)).toEqual([])
    expect(orders(set)).toEqual([0, 9])
  })
})
