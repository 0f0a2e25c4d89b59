import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PageShift } from '../../../formats/memory/geometry.js'
import { mergeRanges, type Range } from '../../../formats/memory/range.js'
import {
  addBitmap,
  addBlock,
  addRun,
  blockSize,
  blocksAt,
  countBlocks,
  createPageSet,
  hasBlock,
  orders,
  type PageSet,
  removeBlock,
  SPAN_BITS,
  SPAN_WORDS,
  totals,
} from '../../../formats/pages/page-set.js'
import {
  countRanges,
  firstRun,
  forEachBlock,
  forEachRange,
  forEachRun,
  listBlocks,
  listRanges,
  nextRun,
} from '../../../formats/pages/runs.js'

const sumOf = (ranges: readonly Range[]) => ({
  ranges: ranges.length,
  bytes: ranges.reduce((sum, { start, end }) => sum + end - start, 0),
})

const shifts = fc.constantFrom<PageShift>(12, 14, 16)
/** Blocks around span borders, where mistakes live. */
const blockNumber = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: SPAN_BITS - 40, max: SPAN_BITS + 40 }),
  fc.integer({ min: 0, max: 2 ** 25 }),
)
const someBlocks = fc.array(fc.record({ order: fc.integer({ min: 0, max: 18 }), block: blockNumber }), {
  maxLength: 60,
})

function build(shift: PageShift, blocks: { order: number; block: number }[]) {
  const set = createPageSet(shift)
  for (const { order, block } of blocks) addBlock(set, block * blockSize(set, order), order)
  return set
}

/** The same, one object a block: slow and plain. */
function model(shift: PageShift, blocks: { order: number; block: number }[]) {
  const unique = new Map(
    blocks.map(({ order, block }) => [`${order}:${block}`, { order, address: block * 2 ** (shift + order) }]),
  )
  return [...unique.values()].sort((a, b) => a.address - b.address || a.order - b.order)
}

describe('page set', () => {
  it('lists the blocks it was given, by address, then order', () => {
    fc.assert(
      fc.property(shifts, someBlocks, (shift, blocks) => {
        const set = build(shift, blocks)
        const expected = model(shift, blocks)
        expect(listBlocks(set)).toEqual(expected.map(({ address, order }) => ({ address, order })))
        expect(totals(set).blocks).toBe(expected.length)
        for (const { address, order } of expected) {
          expect(hasBlock(set, address, order)).toBe(true)
          expect(blocksAt(set, address + 1).some(block => block.order === order)).toBe(true)
        }
      }),
    )
  })

  it('merges ranges over orders', () => {
    fc.assert(
      fc.property(shifts, someBlocks, (shift, blocks) => {
        const merged: { start: number; end: number }[] = []
        for (const { address, order } of model(shift, blocks)) {
          const end = address + 2 ** (shift + order)
          const last = merged.at(-1)
          if (last !== undefined && address <= last.end) last.end = Math.max(last.end, end)
          else merged.push({ start: address, end })
        }
        expect(listRanges(build(shift, blocks))).toEqual(merged)
        expect(countRanges(build(shift, blocks))).toEqual(sumOf(merged))
        // Sets of one order go another way.
        const alone = blocks.filter(({ order }) => order === blocks[0]?.order)
        const single = build(shift, alone)
        const expected: { start: number; end: number }[] = []
        for (const { address, order } of model(shift, alone)) {
          const last = expected.at(-1)
          if (last?.end === address) last.end = address + 2 ** (shift + order)
          else expected.push({ start: address, end: address + 2 ** (shift + order) })
        }
        expect(listRanges(single)).toEqual(expected)
        expect(countRanges(single)).toEqual(sumOf(expected))
      }),
    )
  })

  it('takes bitmaps of any length at any block', () => {
    const words = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 1030 })
    fc.assert(
      fc.property(blockNumber, words, fc.integer({ min: 0, max: 9 }), (first, values, order) => {
        const set = createPageSet(12)
        expect(addBitmap(set, order, first, Uint32Array.from(values))).toBe(0)
        const expected: number[] = []
        values.forEach((word, index) => {
          for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) expected.push(first + index * 32 + bit)
        })
        expect(listBlocks(set).map(block => block.address / blockSize(set, order))).toEqual(expected)
        expect(countRanges(set)).toEqual(sumOf(listRanges(set)))
      }),
      { numRuns: 50 },
    )
  })

  it('adopts a whole bitmap without copying, and copies before it writes', () => {
    const kernels = new Uint32Array(1024).fill(0x11111111)
    const set = createPageSet(12)
    addBitmap(set, 0, SPAN_BITS * 3, kernels)
    expect(set.orders.get(0)?.spans.get(3)?.buffer).toBe(kernels.buffer)
    addBlock(set, (SPAN_BITS * 3 + 1) * 4096, 0)
    expect(hasBlock(set, (SPAN_BITS * 3 + 1) * 4096, 0)).toBe(true)
    expect(kernels[0]).toBe(0x11111111)
    removeBlock(set, SPAN_BITS * 3 * 4096, 0)
    expect(hasBlock(set, SPAN_BITS * 3 * 4096, 0)).toBe(false)
  })

  it('leaves out blocks at or above 2^52 and says how many', () => {
    const set = createPageSet(12)
    const limit = 2 ** 52 / 4096
    expect(addBitmap(set, 0, limit - 40, new Uint32Array(3).fill(0xffffffff))).toBe(96 - 40)
    expect(countBlocks(set, 0)).toBe(40)
    expect(addBitmap(set, 0, limit + 5, Uint32Array.of(3))).toBe(2)
  })

  it('holds a run of full bitmaps in no memory of its own', () => {
    const set = createPageSet(12)
    addRun(set, 0, 5, SPAN_BITS * 1000)
    expect(set.orders.get(0)?.owned.size).toBe(2)
    expect(listRanges(set)).toEqual([{ start: 5 * 4096, end: (5 + SPAN_BITS * 1000) * 4096 }])
    expect(orders(set)).toEqual([0])
  })

  it('stops when asked to', () => {
    const set = createPageSet(12)
    addRun(set, 0, 0, 100)
    let seen = 0
    forEachBlock(set, () => {
      seen++
      return seen < 7 ? undefined : false
    })
    expect(seen).toBe(7)
  })

  it('keeps what small bitmaps say, though spans that came to be the same are one bitmap in memory', () => {
    const small = fc.record({ word: fc.constantFrom(0, 1, 0x55555555), piece: fc.nat(7), span: fc.nat(5) })
    fc.assert(
      fc.property(
        fc.array(small, { maxLength: 60 }),
        fc.array(blockNumber, { maxLength: 5 }),
        (merged, more) => {
          const set = createPageSet(12)
          const expected = new Set<number>()
          for (const { word, piece, span } of merged) {
            const first = span * SPAN_BITS + piece * 4096
            addBitmap(set, 0, first, new Uint32Array(128).fill(word))
            for (let bit = 0; bit < 4096; bit++) if ((word >>> (bit & 31)) & 1) expected.add(first + bit)
          }
          for (const block of more) {
            addBlock(set, block * 4096, 0)
            expected.add(block)
          }
          const blocks = [...expected].sort((a, b) => a - b)
          expect(countBlocks(set, 0)).toBe(blocks.length)
          expect(listBlocks(set).map(({ address }) => address / 4096)).toEqual(blocks)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('takes one bitmap for all spans that small bitmaps of the same bits make', () => {
    const set = createPageSet(12)
    const words = new Uint32Array(128).fill(0x55555555)
    for (let n = 0; n < 8 * 100; n++) addBitmap(set, 0, n * 4096, words)
    // The last one may still come to be another.
    expect(new Set([...set.orders.get(0)!.spans.values()].map(span => span.byteOffset)).size).toBe(2)
  })
})

describe('bitmaps of a set', () => {
  const spansOf = (set: PageSet, order = 0) => [...(set.orders.get(order)?.spans.keys() ?? [])]
  const blocksOf = (set: PageSet, order = 0) =>
    listBlocks(set).flatMap(block => (block.order === order ? [block.address / blockSize(set, order)] : []))

  it('are adopted each, where as many whole ones begin at one', () => {
    const kernels = new Uint32Array(3 * SPAN_WORDS)
    kernels[5] = 0x80000001
    kernels[2 * SPAN_WORDS] = 2
    const set = createPageSet(12)
    addBitmap(set, 0, SPAN_BITS * 7, kernels)
    // One without a bit is none.
    expect(spansOf(set)).toEqual([7, 9])
    for (const span of [7, 9]) {
      const words = set.orders.get(0)!.spans.get(span)!
      expect([words.buffer === kernels.buffer, words.byteOffset, words.length]).toEqual([
        true,
        (span - 7) * SPAN_WORDS * 4,
        SPAN_WORDS,
      ])
    }
    expect(blocksOf(set)).toEqual([SPAN_BITS * 7 + 160, SPAN_BITS * 7 + 191, SPAN_BITS * 9 + 1])
  })

  it('are merged where one is there, or where they begin inside one, whatever their length', () => {
    const lengths = [1, 3, SPAN_WORDS - 1, SPAN_WORDS, SPAN_WORDS + 1, 2 * SPAN_WORDS]
    const starts = [0, 32, 40, SPAN_BITS - 64, SPAN_BITS - 32, SPAN_BITS - 31, SPAN_BITS]
    for (const length of lengths) {
      for (const first of starts) {
        const words = new Uint32Array(length)
        const bits = [0, 31, length * 16, length * 32 - 1].filter((bit, n, all) => all.indexOf(bit) === n)
        for (const bit of bits) words[bit >>> 5]! |= 1 << (bit & 31)
        const set = createPageSet(12)
        for (const block of [3, SPAN_BITS + 3]) addBlock(set, block * 4096, 0)
        const before = words.slice()
        expect(addBitmap(set, 0, first, words)).toBe(0)
        const all = new Set([3, SPAN_BITS + 3, ...bits.map(bit => first + bit)])
        expect(blocksOf(set), `${first} ${length}`).toEqual([...all].sort((a, b) => a - b))
        expect(words).toEqual(before)
      }
    }
  })

  it('of which no bit is set are none', () => {
    for (const [first, length] of [
      [0, SPAN_WORDS],
      [0, 2 * SPAN_WORDS],
      [64, 3],
      [5, 3],
    ] as const) {
      const set = createPageSet(12)
      addBitmap(set, 0, first, new Uint32Array(length))
      expect(spansOf(set)).toEqual([])
    }
    // The part of a word that goes on in the next bitmap has no bit.
    const set = createPageSet(12)
    addBitmap(set, 0, SPAN_BITS - 31, Uint32Array.of(1))
    expect(spansOf(set)).toEqual([0])
    addBitmap(set, 3, 2 ** 52 / 4096, Uint32Array.of(1))
    addRun(set, 2, 5, 0)
    expect(orders(set)).toEqual([0])
  })

  it('hold runs to the bit, and no bitmap more', () => {
    const runs: [first: number, count: number, spans: number[]][] = [
      [0, SPAN_BITS, [0]],
      [8, SPAN_BITS - 16, [0]],
      [SPAN_BITS - 1, 1, [0]],
      [SPAN_BITS - 1, 2, [0, 1]],
      [SPAN_BITS, 2 * SPAN_BITS, [1, 2]],
      [5, 2 * SPAN_BITS, [0, 1, 2]],
    ]
    for (const [first, count, spans] of runs) {
      const set = createPageSet(12)
      addRun(set, 0, first, count)
      expect(spansOf(set)).toEqual(spans)
      expect(listRanges(set)).toEqual([{ start: first * 4096, end: (first + count) * 4096 }])
      expect(countRanges(set)).toEqual({ ranges: 1, bytes: count * 4096 })
    }
  })

  it('are copied before they are written to where they are shared, also where they were not before', () => {
    const one = createPageSet(12)
    const other = createPageSet(12)
    addBlock(one, 0, 0)
    for (const set of [one, other]) addRun(set, 0, 0, 2 * SPAN_BITS)
    removeBlock(one, 5 * 4096, 0)
    removeBlock(one, 6 * 4096, 0)
    expect(hasBlock(one, 5 * 4096, 0)).toBe(false)
    expect(countBlocks(one, 0)).toBe(2 * SPAN_BITS - 2)
    expect(countBlocks(other, 0)).toBe(2 * SPAN_BITS)
  })

  it('come in order, also those that came after a look', () => {
    const set = createPageSet(12)
    const at = (span: number) => span * SPAN_BITS
    for (const span of [9, 2, 4]) {
      addBitmap(
        set,
        0,
        at(span),
        Uint32Array.from({ length: SPAN_WORDS }, (_, n) => (n === 0 ? 1 : 0)),
      )
      expect(blocksOf(set)).toEqual(
        [9, 2, 4]
          .slice(0, spansOf(set).length)
          .map(at)
          .sort((a, b) => a - b),
      )
    }
    for (const span of [3, 1]) addRun(set, 0, at(span), 1)
    expect(blocksOf(set)).toEqual([1, 2, 3, 4, 9].map(at))
  })

  it('are asked for what is not there, and left as they are', () => {
    const set = createPageSet(12)
    addBlock(set, 8 * 4096, 3)
    addBlock(set, 9 * 4096, 0)
    for (const [block, order] of [
      [9, 1],
      [SPAN_BITS, 0],
      [10, 0],
    ] as const) {
      expect(hasBlock(set, block * 2 ** order * 4096, order)).toBe(false)
      removeBlock(set, block * 2 ** order * 4096, order)
    }
    expect([orders(set), spansOf(set), countBlocks(set, 1)]).toEqual([[0, 3], [0], 0])
    expect(hasBlock(set, 9 * 4096 + 8, 0)).toBe(false)
    expect(hasBlock(set, 12 * 4096, 3)).toBe(false)
    expect(blocksAt(set, 9 * 4096 + 4095)).toEqual([
      { address: 9 * 4096, order: 0 },
      { address: 8 * 4096, order: 3 },
    ])
    expect(blocksAt(set, 10 * 4096)).toEqual([{ address: 8 * 4096, order: 3 }])
    expect(blocksAt(set, 16 * 4096)).toEqual([])
    expect(totals(set)).toEqual({ blocks: 2, bytes: 9 * 4096 })
  })
})

describe('runs over bitmaps', () => {
  /** Few places where much meets: borders of bitmaps, of blocks, and of both. */
  const run = fc.record({
    order: fc.constantFrom(0, 0, 1, 2, 5),
    at: fc.constantFrom(0, 1, 8, SPAN_BITS - 64, SPAN_BITS - 1, SPAN_BITS, SPAN_BITS + 32, 2 * SPAN_BITS),
    count: fc.constantFrom(1, 2, 32, 64, SPAN_BITS, 2 * SPAN_BITS),
  })
  const runs = fc.array(run, { maxLength: 5 })
  const setOf = (list: readonly { order: number; at: number; count: number }[]) => {
    const set = createPageSet(12)
    for (const { order, at, count } of list) addRun(set, order, at, count)
    return set
  }

  it('are as long as blocks follow one another, also where bitmaps are the same one in memory', () => {
    fc.assert(
      fc.property(runs, list => {
        const set = setOf(list)
        const merged = mergeRanges(
          list.map(({ order, at, count }) => {
            const size = blockSize(set, order)
            return { start: at * size, end: (at + count) * size }
          }),
        )
        expect(listRanges(set)).toEqual(merged)
        expect(countRanges(set)).toEqual(sumOf(merged))
        for (const order of orders(set)) {
          const own = list.filter(one => one.order === order)
          const alone = mergeRanges(own.map(({ at, count }) => ({ start: at, end: at + count })))
          const seen: Range[] = []
          forEachRun(set.orders.get(order)!, (start, end) => seen.push({ start, end }))
          expect(seen).toEqual(alone)
          const walked: Range[] = []
          for (const at = firstRun(set, order); !at.done; nextRun(at)) {
            walked.push({ start: at.start / at.size, end: at.end / at.size })
          }
          expect(walked).toEqual(alone)
          expect(countRanges(setOf(own)).ranges).toBe(alone.length)
        }
        expect(firstRun(set, 7).done).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('stop where they are told to', () => {
    const set = setOf([
      { order: 0, at: SPAN_BITS - 1, count: 1 },
      { order: 0, at: 3, count: 2 },
      { order: 0, at: 3 * SPAN_BITS - 1, count: 1 },
      { order: 0, at: 5 * SPAN_BITS, count: SPAN_BITS },
    ])
    const starts = [3, SPAN_BITS - 1, 3 * SPAN_BITS - 1, 5 * SPAN_BITS]
    const two = setOf([
      { order: 0, at: 3, count: 2 },
      { order: 1, at: 8, count: 1 },
      { order: 0, at: 40, count: 1 },
    ])
    const walks: [expected: number[], walk: (visit: (start: number) => unknown) => void][] = [
      [starts, visit => forEachRun(set.orders.get(0)!, visit)],
      [starts, visit => forEachRange(set, start => visit(start / 4096))],
      [[3, 16, 40], visit => forEachRange(two, start => visit(start / 4096))],
      [[3, 4, 16, 40], visit => forEachBlock(two, address => visit(address / 4096))],
    ]
    for (const [expected, walk] of walks) {
      for (let most = 1; most <= expected.length; most++) {
        const seen: number[] = []
        walk(start => seen.push(start) < most)
        expect(seen).toEqual(expected.slice(0, most))
      }
    }
  })

  it('of several orders are gone through block by block, by address, then order', () => {
    const set = setOf([
      { order: 0, at: 0, count: 20 },
      { order: 2, at: 0, count: 3 },
      { order: 1, at: 2, count: 4 },
    ])
    addBlock(set, 2 ** 40, 3)
    removeBlock(set, 2 ** 40, 3)
    const expected = [
      ...Array.from({ length: 20 }, (_, n) => [n, 0]),
      ...[0, 4, 8].map(n => [n, 2]),
      ...[4, 6, 8, 10].map(n => [n, 1]),
    ].sort(([a, x], [b, y]) => a! - b! || x! - y!)
    expect(listBlocks(set).map(({ address, order }) => [address / 4096, order])).toEqual(expected)
  })
})
