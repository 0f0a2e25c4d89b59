import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sweepSegments } from '../../../src/owners/segments.js'
import { sortedOrder } from '../../../src/owners/sort-keys.js'

const UNIT = 4096

describe('segments', () => {
  it('have the first and the number of the extents that hold there, however many overlap', () => {
    const extent = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 40 }))
    fc.assert(
      fc.property(fc.array(extent, { maxLength: 40 }), fc.nat(), (list, mix) => {
        // Claims come in any order of addresses, and their numbers have gaps.
        const ids = Uint32Array.from(list, (_, n) => n * 3 + (mix % 2))
        const starts = Float64Array.from(list, ([first]) => first * UNIT)
        const ends = Float64Array.from(list, ([first, count]) => (first + count) * UNIT)
        const { count, ...segments } = sweepSegments({ ids, starts, ends })
        const pages: [page: number, first: number, claims: number][] = []
        for (let n = 0; n < count; n++) {
          expect(segments.starts[n]).toBeLessThan(segments.ends[n]!)
          for (let at = segments.starts[n]!; at < segments.ends[n]!; at += UNIT)
            pages.push([at / UNIT, segments.first[n]!, segments.claims[n]!])
        }
        const expected = Array.from({ length: 81 }, (_, page) => page).flatMap(page => {
          const here = list.flatMap(([first, length], n) =>
            first <= page && page < first + length ? [ids[n]!] : [],
          )
          return here.length === 0 ? [] : [[page, here[0]!, here.length]]
        })
        expect(pages).toEqual(expected)
        expect(
          [segments.starts, segments.ends, segments.first, segments.claims].map(({ length }) => length),
        ).toEqual(Array(4).fill(count))
      }),
      { numRuns: 300 },
    )
  })

  it('are none of no extents', () => {
    const none = { ids: new Uint32Array(0), starts: new Float64Array(0), ends: new Float64Array(0) }
    expect(sweepSegments(none).count).toBe(0)
  })
})

describe('keys', () => {
  it('are put in order, equal ones as they came, few and many', () => {
    const few = fc.array(fc.nat(9), { maxLength: 30 })
    const wide = fc.array(fc.maxSafeInteger().map(Math.abs), { maxLength: 30 })
    fc.assert(
      fc.property(fc.oneof(few, wide), fc.constantFrom(1, 300), (some, times) => {
        const list = Array.from({ length: times }, (_, round) =>
          some.map(key => (key + round * 7919) % 2 ** 53),
        ).flat()
        const order = sortedOrder(Float64Array.from(list))
        const expected = [...list.keys()].sort((a, b) => list[a]! - list[b]! || a - b)
        expect([...order]).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it('are put in order from the wrong way round too', () => {
    const count = 5000
    const down = Float64Array.from({ length: count }, (_, n) => (count - n) * 2 ** 20)
    expect([...sortedOrder(down)]).toEqual(Array.from({ length: count }, (_, n) => count - 1 - n))
  })
})
