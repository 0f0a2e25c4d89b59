import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  intersectRanges,
  mergeRanges,
  type Range,
  rangeAt,
  rangeIndex,
  rangesCover,
  rangesTouch,
  roundRanges,
  sizeOfRanges,
  subtractRanges,
} from '../../../formats/memory/range.js'
import { createRangeLog } from '../../../formats/memory/range-log.js'

const LAST = 40

/** Any ranges, the wrong way round and empty ones among them. */
const ranges = fc.array(fc.record({ start: fc.nat(LAST), end: fc.nat(LAST) }), { maxLength: 8 })
const bytesIn = (list: readonly Range[]) =>
  Array.from({ length: LAST + 1 }, (_, at) => at).filter(at => list.some(r => r.start <= at && at < r.end))

/** The bytes as the fewest ranges. */
function rangesOf(bytes: readonly number[]): Range[] {
  const list: Range[] = []
  for (const at of bytes) {
    const last = list.at(-1)
    if (last?.end === at) last.end++
    else list.push({ start: at, end: at + 1 })
  }
  return list
}

describe('lists of ranges', () => {
  it('are merged, cut and taken from each other as the bytes in them are', () => {
    fc.assert(
      fc.property(ranges, ranges, (x, y) => {
        const [inX, inY] = [bytesIn(x), bytesIn(y)]
        const [a, b] = [mergeRanges(x), mergeRanges(y)]
        expect(a).toEqual(rangesOf(inX))
        expect(sizeOfRanges(a)).toBe(inX.length)
        expect(intersectRanges(a, b)).toEqual(rangesOf(inX.filter(at => inY.includes(at))))
        expect(subtractRanges(a, b)).toEqual(rangesOf(inX.filter(at => !inY.includes(at))))
      }),
      { numRuns: 500 },
    )
  })

  it('may touch each other where they are only cut: what was in two stays in two', () => {
    const halves = [
      { start: 0, end: 4 },
      { start: 4, end: 8 },
    ]
    const far = [{ start: 20, end: 24 }]
    expect(intersectRanges(halves, [{ start: 2, end: 6 }])).toEqual([
      { start: 2, end: 4 },
      { start: 4, end: 6 },
    ])
    expect(subtractRanges(halves, far)).toEqual(halves)
    expect(intersectRanges(far, halves)).toEqual([])
  })

  it('tell of a byte or a stretch which range holds it', () => {
    fc.assert(
      fc.property(ranges, fc.nat(LAST), fc.nat(LAST), (list, from, to) => {
        const merged = mergeRanges(list)
        const bytes = bytesIn(list)
        const stretch = Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n)
        expect(rangesTouch(merged, from, to)).toBe(stretch.some(at => bytes.includes(at)))
        const index = merged.findLastIndex(({ start }) => start <= from)
        expect(rangeIndex(merged, from)).toBe(index)
        if (to > from) expect(rangesCover(merged, from, to)).toBe(stretch.every(at => bytes.includes(at)))
      }),
      { numRuns: 500 },
    )
  })

  it('begin at an address and have a size', () => {
    expect(rangeAt(0x4000, 0x3000)).toEqual({ start: 0x4000, end: 0x7000 })
  })

  it('leave the list they were made from as it was', () => {
    const list = [
      { start: 4, end: 6 },
      { start: 0, end: 5 },
    ]
    expect(mergeRanges(list)).toEqual([{ start: 0, end: 6 }])
    expect(list).toEqual([
      { start: 4, end: 6 },
      { start: 0, end: 5 },
    ])
  })

  it('grow to the whole units that they have a byte of', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 9 }), (list, unit) => {
        const units = new Set(bytesIn(list).map(at => Math.floor(at / unit)))
        const grown = roundRanges(mergeRanges(list), unit)
        const bytes = [...units].sort((a, b) => a - b).map(n => [n * unit, (n + 1) * unit] as const)
        expect(grown).toEqual(mergeRanges(bytes.map(([start, end]) => ({ start, end }))))
      }),
    )
  })
})

describe('a log of ranges', () => {
  it('lists what was added, in any order, merged', () => {
    fc.assert(
      fc.property(ranges, ranges, (first, then) => {
        const log = createRangeLog()
        for (const { start, end } of first) log.add(start, end)
        const before = log.list()
        expect(before).toEqual(mergeRanges(first))
        for (const { start, end } of then) log.add(start, end)
        expect(log.list()).toEqual(mergeRanges([...first, ...then]))
        // What was given out is the caller's.
        expect(before).toEqual(mergeRanges(first))
      }),
      { numRuns: 300 },
    )
  })

  it('keeps all of what never touches, however much', () => {
    const log = createRangeLog()
    const count = 70_000
    for (let n = count; n > 0; n--) log.add(n * 4, n * 4 + 3)
    expect(log.list()).toHaveLength(count)
    for (let n = 1; n <= count; n += 2) log.add(n * 4 + 3, n * 4 + 4)
    expect(log.list()).toHaveLength(count / 2)
    expect(log.list()[0]).toEqual({ start: 4, end: 11 })
    expect(log.list().at(-1)).toEqual({ start: (count - 1) * 4, end: count * 4 + 3 })
  })
})
