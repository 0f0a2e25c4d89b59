import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PageShift } from '../../../formats/memory/geometry.js'
import { intersectRanges, subtractRanges } from '../../../formats/memory/range.js'
import {
  bytesCovered,
  coverage,
  coverageOfRanges,
  coveredBytes,
  coveredExtent,
  coveredRanges,
  forEachCovered,
  reblock,
} from '../../../formats/pages/coverage.js'
import {
  countCovered,
  covered,
  isTooFine,
  isUncovered,
  uncovered,
} from '../../../formats/pages/coverage-algebra.js'
import { addBitmap, addRun, createPageSet, SPAN_BITS, SPAN_WORDS } from '../../../formats/pages/page-set.js'
import { listBlocks, listRanges } from '../../../formats/pages/runs.js'

/** Runs of blocks near span borders and in between, small enough to be listed page by page. */
const run = fc.record({
  order: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 18 })),
  // Close together more often than not: in one bitmap, and in one with a run.
  at: fc.oneof(fc.nat(1000), fc.integer({ min: 32_700, max: 32_800 }), fc.nat(2 ** 18 - 1)),
  count: fc.integer({ min: 1, max: 70 }),
})
const sets = fc.array(run, { maxLength: 8 }).map(runs => {
  const set = createPageSet(12)
  for (const { order, at, count } of runs)
    addRun(set, order, Math.floor(at / 2 ** order), order > 8 ? 1 : count)
  return set
})

describe('coverage', () => {
  it('is the pages of the blocks, whatever their order', () => {
    fc.assert(
      fc.property(sets, set => {
        const cover = coverage(set)
        const ranges = listRanges(set)
        expect([...coveredRanges(cover)]).toEqual(ranges)
        expect(countCovered(cover)).toBe(ranges.length)
        expect(coveredBytes(cover)).toBe(ranges.reduce((sum, { start, end }) => sum + end - start, 0))
        expect(isUncovered(cover)).toBe(ranges.length === 0)
      }),
    )
  })

  it('counts ranges that go on from one bitmap to the next as one', () => {
    const of = (...runs: [first: number, count: number][]) => {
      const set = createPageSet(12)
      for (const [first, count] of runs) addRun(set, 0, first, count)
      return countCovered(coverage(set))
    }
    expect(of()).toBe(0)
    expect(of([SPAN_BITS - 1, 2])).toBe(1)
    expect(of([SPAN_BITS - 1, 1], [SPAN_BITS + 1, 1])).toBe(2)
    expect(of([SPAN_BITS - 2, 1], [SPAN_BITS, 1])).toBe(2)
    expect(of([SPAN_BITS - 1, 1], [SPAN_BITS * 2, 1])).toBe(2)
    expect(of([0, SPAN_BITS * 3], [SPAN_BITS * 4, 1], [SPAN_BITS * 4 + 31, 2])).toBe(3)
  })

  it('of a bitmap that several spans have is that of one for each', () => {
    const words = Uint32Array.from({ length: SPAN_WORDS }, (_, i) => Math.imul(i + 1, 0x9e3779b1))
    const other = words.map(word => ~word)
    for (const small of [[], [0, SPAN_BITS * 9]]) {
      for (const last of [false, true]) {
        const set = createPageSet(12)
        const place = () => small.forEach(first => void addRun(set, 0, first + 3, 40))
        if (!last) place()
        for (const [n, bits] of [words, words, other, words].entries()) addBitmap(set, 2, n * SPAN_BITS, bits)
        if (last) place()
        expect([...coveredRanges(coverage(set))]).toEqual(listRanges(set))
        expect(words[0]).toBe(0x9e3779b1)
      }
    }
  })

  it('is too fine where a few bitmaps of large blocks stand for very many', () => {
    const spans = 2 ** 24 / (SPAN_BITS / 2) + 1
    const of = (order: number, fill: number, share: boolean, count = spans) => {
      const words = new Uint32Array(SPAN_WORDS).fill(fill)
      const set = createPageSet(12)
      for (let n = 0; n < count; n++) addBitmap(set, order, n * SPAN_BITS, share ? words : words.slice())
      return isTooFine(set)
    }
    expect(of(9, 0x55555555, true)).toBe(true)
    expect(of(5, 0x55555555, true)).toBe(true)
    expect(of(9, 0x55555555, false)).toBe(false)
    expect(of(9, 0x55555555, true, spans - 1)).toBe(false)
    expect(of(9, 0xffffffff, true)).toBe(false)
    expect(of(4, 0x55555555, true)).toBe(false)
  })

  it('has a difference and an intersection, as sets of pages have', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [inA, inB] = [listRanges(a), listRanges(b)]
        const only = uncovered(coverage(a), coverage(b))
        const both = covered(coverage(a), coverage(b))
        expect([...coveredRanges(only)]).toEqual(subtractRanges(inA, inB))
        expect(countCovered(only)).toBe(subtractRanges(inA, inB).length)
        expect([...coveredRanges(both)]).toEqual(intersectRanges(inA, inB))
        expect(coveredBytes(only) + coveredBytes(both)).toBe(coveredBytes(coverage(a)))
        expect(isUncovered(only)).toBe(subtractRanges(inA, inB).length === 0)
        expect([...coveredRanges(coverage(a))]).toEqual(inA)
      }),
      { numRuns: 60 },
    )
  })

  it('counts what it has between two pages, and says from where to where it reaches', () => {
    fc.assert(
      fc.property(sets, fc.array(fc.nat(2 ** 18 - 1), { minLength: 2, maxLength: 12 }), (set, places) => {
        const cover = coverage(set)
        const ranges = listRanges(set)
        const bytesIn = bytesCovered(cover)
        const at = [0, ...places, 2 ** 39].sort((a, b) => a - b)
        const borders = at.map(page => page * 4096)
        for (let n = 1; n < borders.length; n++) {
          const range = { start: borders[n - 1]!, end: borders[n]! }
          const inside = intersectRanges(ranges, [range])
          expect(bytesIn(range.start, range.end)).toBe(
            inside.reduce((sum, { start, end }) => sum + end - start, 0),
          )
        }
        const extent = ranges.length === 0 ? null : { start: ranges[0]!.start, end: ranges.at(-1)!.end }
        expect(coveredExtent(cover)).toEqual(extent)
      }),
    )
  })

  it('is walked within a range', () => {
    // From a little before one of its ranges to a little behind it, or far; not always whole pages.
    const window = fc.record({
      pick: fc.nat(7),
      before: fc.integer({ min: -40, max: 40 }),
      length: fc.oneof(fc.nat(80), fc.nat(2 ** 17)),
      cut: fc.constantFrom(0, 1, 4095),
    })
    fc.assert(
      fc.property(sets, window, (set, { pick, before, length, cut }) => {
        const ranges = listRanges(set)
        const anchor = (ranges[pick % ranges.length]?.start ?? 0) / 4096
        const start = Math.max(0, anchor - before) * 4096 + cut
        const end = start + length * 4096 - cut
        const found: { start: number; end: number }[] = []
        forEachCovered(coverage(set), start, end, (from, to) => found.push({ start: from, end: to }))
        const clipped = listRanges(set)
          .map(piece => ({ start: Math.max(piece.start, start), end: Math.min(piece.end, end) }))
          .filter(piece => piece.start < piece.end)
        expect(found).toEqual(clipped)
      }),
    )
  })

  it('is walked over gaps to the next page of a bitmap or a run, whichever comes first', () => {
    const place = fc.record({
      order: fc.constantFrom(0, 1, 5, 7),
      at: fc.constantFrom(0, 5, 64, 300, SPAN_BITS - 1, SPAN_BITS, SPAN_BITS + 40, 3 * SPAN_BITS),
      count: fc.constantFrom(1, 3, 33),
    })
    const page = fc.constantFrom(
      0,
      1,
      6,
      200,
      400,
      SPAN_BITS - 2,
      SPAN_BITS + 1,
      SPAN_BITS + 41,
      5 * SPAN_BITS,
    )
    fc.assert(
      fc.property(fc.array(place, { maxLength: 5 }), page, page, (runs, x, y) => {
        const set = createPageSet(12)
        for (const { order, at, count } of runs) addRun(set, order, Math.floor(at / 2 ** order), count)
        const [start, end] = [Math.min(x, y) * 4096, Math.max(x, y) * 4096]
        const found: { start: number; end: number }[] = []
        forEachCovered(coverage(set), start, end, (from, to) => found.push({ start: from, end: to }))
        expect(found).toEqual(intersectRanges(listRanges(set), start < end ? [{ start, end }] : []))
      }),
      { numRuns: 60 },
    )
  })

  it('of close blocks has differences to the page', () => {
    const place = fc.record({
      order: fc.constantFrom(0, 0, 2, 5, 6),
      at: fc.constantFrom(0, 4, 60, 64, 128, SPAN_BITS - 64, SPAN_BITS - 1, SPAN_BITS, SPAN_BITS + 64),
      count: fc.constantFrom(1, 2, 4, 64),
    })
    const close = fc.array(place, { maxLength: 6 }).map(runs => {
      const set = createPageSet(12)
      for (const { order, at, count } of runs) addRun(set, order, Math.floor(at / 2 ** order), count)
      return set
    })
    fc.assert(
      fc.property(close, close, (a, b) => {
        const [inA, inB] = [listRanges(a), listRanges(b)]
        const [ours, theirs] = [coverage(a), coverage(b)]
        const only = uncovered(ours, theirs)
        expect([...coveredRanges(only)]).toEqual(subtractRanges(inA, inB))
        expect(isUncovered(only)).toBe(subtractRanges(inA, inB).length === 0)
        expect([...coveredRanges(covered(ours, theirs))]).toEqual(intersectRanges(inA, inB))
        for (const cover of [ours, theirs, only]) {
          const bytes = [...coveredRanges(cover)].reduce((sum, { start, end }) => sum + end - start, 0)
          expect(coveredBytes(cover)).toBe(bytes)
        }
        expect([...coveredRanges(ours), ...coveredRanges(theirs)]).toEqual([...inA, ...inB])
        expect([listRanges(a), listRanges(b)]).toEqual([inA, inB])
      }),
      { numRuns: 60 },
    )
  })

  it('of many blocks apart from one another is all of them', () => {
    const set = createPageSet(12)
    const other = createPageSet(12)
    for (let n = 0; n < 100; n++) addRun(set, 5, n * 2, 1)
    for (let n = 0; n < 100; n++) addRun(other, 6, n * 3 + 7, 1)
    for (const one of [set, other]) expect([...coveredRanges(coverage(one))]).toEqual(listRanges(one))
    expect(coverage(set).runs.ends).toHaveLength(100)
    expect(coverage(set).runs.starts).toHaveLength(100)
    const both = [listRanges(set), listRanges(other)] as const
    expect([...coveredRanges(uncovered(coverage(set), coverage(other)))]).toEqual(subtractRanges(...both))
  })

  it.each([14, 16] as PageShift[])('of pages of 2^%i bytes is counted in 4K pages', shift => {
    const set = createPageSet(shift)
    addRun(set, 0, 5, 3)
    addRun(set, 4, 32765, 7)
    addRun(set, 20, 1, 2)
    expect([...coveredRanges(coverage(set, 12))]).toEqual(listRanges(set))
    const small = reblock(set, 12)
    expect(listRanges(small)).toEqual(listRanges(set))
    expect(listBlocks(small)).toEqual(
      listBlocks(set).map(({ address, order }) => ({ address, order: order + shift - 12 })),
    )
  })

  it('of a block of half the address space costs a run', () => {
    const set = createPageSet(12)
    addRun(set, 39, 1, 1)
    const cover = coverage(set)
    expect(cover.spans.size).toBe(0)
    addRun(set, 0, 2 ** 39 + 7, 2)
    const hole = coverage(createPageSet(12))
    const one = createPageSet(12)
    addRun(one, 0, 2 ** 39 + 40000, 1)
    const left = uncovered(cover, coverage(one))
    expect([...coveredRanges(left)]).toEqual([
      { start: 2 ** 51, end: 2 ** 51 + 40000 * 4096 },
      { start: 2 ** 51 + 40001 * 4096, end: 2 ** 52 },
    ])
    expect(left.spans.size).toBe(1)
    expect(uncovered(cover, hole)).toEqual({ ...cover })
    expect(coveredBytes(coverage(set))).toBe(2 ** 51)
  })

  it('of byte ranges is those ranges', () => {
    const cover = coverageOfRanges(
      Float64Array.of(0x1000, 0x5000, 0x6000),
      Float64Array.of(0x2000, 0x6000, 0x7000),
      12,
    )
    expect([...coveredRanges(cover)]).toEqual([
      { start: 0x1000, end: 0x2000 },
      { start: 0x5000, end: 0x7000 },
    ])
  })

  it('shares the bitmaps of order 0, and never writes to them', () => {
    const set = createPageSet(12)
    addRun(set, 0, 3, 5)
    const words = set.orders.get(0)!.spans.get(0)!
    const before = words.slice()
    const cover = coverage(set)
    expect(cover.spans.get(0)).toBe(words)
    const hole = createPageSet(12)
    addRun(hole, 6, 0, 1)
    uncovered(cover, coverage(hole))
    addRun(set, 1, 8, 2)
    coverage(set)
    expect(words).toEqual(before)
  })
})
