import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { geometry } from '../../../formats/memory/geometry.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { trackerOf } from '../../../formats/trackers/index.js'
import { GEO, memoryOf, noticed, type Word } from './hand.js'

/** Bitmaps of 512 bytes, of 4096 blocks each, one behind the other from here; every one has three bits of its own. */
const FIRST = 0x40000
const bitsOf = (slot: number) => [slot % 64, 2048 + slot, 4095 - (slot % 7)]
const SLOTS = 40
const BITMAPS: Word[] = Array.from({ length: SLOTS * 64 }, (_, word): Word => {
  const slot = word >>> 6
  const bits = bitsOf(slot).filter(bit => bit >>> 6 === (word & 63))
  return [FIRST + word * 8, bits.reduce((value, bit) => value | (1n << BigInt(bit & 63)), 0n)]
}).filter(([, value]) => value !== 0n)

/**
 * Entries as a slab's order gives them: spans and bitmaps one after the other, and as it does not: with holes, backwards, out
 * of line, of orders whose blocks no int holds, up to the largest addresses.
 */
const run = fc.record({
  order: fc.constantFrom(0, 0, 0, 1, 9, 18, 19, 20),
  base: fc.constantFrom(0, 0, 5, 8, 2 ** 27 - 3),
  shift: fc.constantFrom(0, 0, 0, 0.5, 1 / 4096),
  slot: fc.nat(SLOTS - 12),
  count: fc.integer({ min: 1, max: 12 }),
  stepSpan: fc.constantFrom(1, 1, 1, 2, -1),
  stepSlot: fc.constantFrom(1, 1, 1, 0),
})
const entries = fc.array(run, { maxLength: 5 }).map(runs =>
  runs.flatMap(({ order, base, shift, slot, count, stepSpan, stepSlot }) =>
    Array.from({ length: count }, (_, n) => ({
      order,
      // As large an address as the base says, whatever the order.
      span: Math.max(0, Math.floor(base / 2 ** order) + n * stepSpan) + shift,
      slot: slot + n * stepSlot,
    })),
  ),
)

describe('bitmaps of a list', () => {
  it('are taken together where they lie in a row, as they are one by one', () => {
    fc.assert(
      fc.property(entries, list => {
        // A chunk for each entry: those of one order need not follow on each other.
        const words = list.flatMap(({ order, span, slot }, n): Word[] => [
          [0x1000000 + n * 4096, n + 1 < list.length ? 0x1000000 + (n + 1) * 4096 : 0],
          [0x1000008 + n * 4096, BigInt(order) | (1n << 32n)],
          [0x1000010 + n * 4096, span * 4096 * 4096 * 2 ** order],
          [0x1000018 + n * 4096, FIRST + slot * 512],
        ])
        const memory = memoryOf([...BITMAPS, ...words])
        const options = { geometry: GEO, bitmapBytes: 512 }
        const addresses = list.length === 0 ? [] : [0x1000000]
        const decode = trackerOf('chunk-list').decode(memory, { addresses }, options)
        const blocks = list.flatMap(({ order, span, slot }) =>
          bitsOf(slot).map(bit => ({ address: (span * 4096 + bit) * 4096 * 2 ** order, order })),
        )
        const unique = new Map(blocks.map(block => [`${block.address} ${block.order}`, block]))
        const sorted = [...unique.values()].sort((a, b) => a.address - b.address || a.order - b.order)
        expect(listBlocks(decode.pages)).toEqual(sorted)
        const { faults } = noticed(decode)
        const again = list.flatMap(({ slot }, n) =>
          list.findIndex(other => other.slot === slot) < n ? [n] : [],
        )
        expect(faults.filter(([code]) => code === 'CHUNK-BITMAP-SHARED').map(([, at]) => at)).toEqual(
          again.map(n => 0x1000010 + n * 4096),
        )
        const spans = list.flatMap(({ span }, n) => (Number.isInteger(span) ? [] : [0x1000010 + n * 4096]))
        const inside = faults.filter(([code]) => code === 'CHUNK-START-SPAN').map(([, at]) => at)
        expect(inside).toEqual(spans)
        const bitmaps = decode.nodes.filter(({ kind }) => kind === 'bitmap')
        expect(new Set(bitmaps.map(({ address }) => address)).size).toBe(bitmaps.length)
        expect(bitmaps.length + again.length).toBe(list.length)
      }),
      { numRuns: 60 },
    )
  })

  it('that share one are not read without end: their list is held to the size of the input', () => {
    const count = 4095
    const words: Word[] = [[0x10008, BigInt(count) << 32n]]
    for (let n = 0; n < count; n++) words.push([0x10010 + n * 16, n * 2 ** 31], [0x10018 + n * 16, 0x40000])
    words.push([0x40000, 1])
    const memory = memoryOf(words, 16)
    const decode = trackerOf('chunk-list').decode(
      { ...memory, inputSize: 0 },
      { addresses: [0x10000] },
      { geometry: geometry(16) },
    )
    // 64 MiB, at 128 KiB for each entry after the first.
    expect(listBlocks(decode.pages).length).toBe(1 + 2 ** 26 / 2 ** 17)
  })
})
