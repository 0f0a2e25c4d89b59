import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PageShift } from '../../../formats/memory/geometry.js'
import type { Range } from '../../../formats/memory/range.js'
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
  removeBlock,
  SPAN_BITS,
  totals,
} from '../../../formats/pages/page-set.js'
import { countRanges, forEachBlock, listBlocks, listRanges } from '../../../formats/pages/runs.js'

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
})
