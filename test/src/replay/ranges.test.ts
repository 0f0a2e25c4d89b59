import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import type { Range } from '../../../formats/memory/range.js'
import { commonRanges, fitHigh, fitLow, withoutRanges } from '../../../src/replay/free-ranges.js'
import { rangeSource, rangesToLoad } from '../../../src/replay/load-ranges.js'

const ranges = fc
  .array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
  .map(list => list.map(([start, size]): Range => ({ start, end: start + size })))

const numbers = (list: readonly Range[]) =>
  new Set(list.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, n) => start + n)))

describe('free ranges', () => {
  it('agree with sets of numbers', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const [inA, inB] = [numbers(a), numbers(b)]
        expect(numbers(withoutRanges(a, b))).toEqual(
          new Set([...inA].filter(n => !inB.has(n)).sort((x, y) => x - y)),
        )
        expect(numbers(commonRanges(a, b))).toEqual(
          new Set([...inA].filter(n => inB.has(n)).sort((x, y) => x - y)),
        )
      }),
    )
  })

  it('are fitted from either end, aligned', () => {
    const free = [
      { start: 5, end: 30 },
      { start: 33, end: 60 },
    ]
    expect(fitLow(free, 8, 8)).toBe(8)
    expect(fitHigh(free, 8, 8)).toBe(48)
    expect(fitHigh(free, 26, 4)).toBeNull()
    expect(fitLow(free, 28, 1)).toBeNull()
  })
})

const PAGE = 4096

/** Memory of the pages given; what is not there is absent. */
function pagesOf(pages: Record<number, number>): PhysicalMemory {
  const bytes = (page: number) => new Uint8Array(PAGE).fill(pages[page]!)
  const known = Object.keys(pages).map(Number)
  return {
    ranges: known.map(page => ({ start: page * PAGE, end: (page + 1) * PAGE })),
    inputSize: known.length * PAGE,
    read(phys, length) {
      const whole = new Uint8Array(length)
      for (let at = 0; at < length; at++) {
        const page = Math.floor((phys + at) / PAGE)
        if (pages[page] === undefined) return { ok: false, reason: 'outside', address: phys + at }
        whole[at] = pages[page]
      }
      return { ok: true, bytes: whole, offset: null }
    },
    *blocks() {
      for (const page of known) yield { phys: page * PAGE, bytes: bytes(page), offset: null }
    },
  }
}

describe('rangesToLoad', () => {
  it('leaves out zeros and what is closed, and merges what touches', () => {
    const memory = pagesOf({ 1: 7, 2: 7, 3: 0, 4: 7, 6: 7, 7: 7 })
    expect(rangesToLoad(memory, [{ start: 6 * PAGE, end: 7 * PAGE }])).toEqual([
      { start: PAGE, end: 3 * PAGE },
      { start: 4 * PAGE, end: 5 * PAGE },
      { start: 7 * PAGE, end: 8 * PAGE },
    ])
  })

  it('closes gaps up where there are too many parts, but never what is closed', () => {
    const many: Record<number, number> = {}
    for (let n = 0; n < 6000; n++) many[n * 2] = 1
    const parts = rangesToLoad(pagesOf(many), [{ start: 101 * PAGE, end: 102 * PAGE }])
    expect(parts).toEqual([
      { start: 0, end: 101 * PAGE },
      { start: 102 * PAGE, end: 11999 * PAGE },
    ])
  })
})

describe('rangeSource', () => {
  it('reads what a dump has, and zeros where it has nothing', () => {
    const source = rangeSource(pagesOf({ 1: 7, 3: 9 }), { start: PAGE, end: 4 * PAGE })
    expect(source.size).toBe(3 * PAGE)
    const bytes = source.read(PAGE - 1, PAGE + 2)
    expect([bytes[0], bytes[1], bytes[PAGE], bytes[PAGE + 1]]).toEqual([7, 0, 0, 9])
    expect(source.read(3 * PAGE - 1, 10)).toHaveLength(1)
  })
})
