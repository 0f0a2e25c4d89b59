import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { geometry } from '../../../formats/memory/geometry.js'
import { difference, isEmptySet } from '../../../formats/pages/algebra.js'
import { addRun, createPageSet, type PageSet, SPAN_BITS } from '../../../formats/pages/page-set.js'
import { measure } from '../../../src/compare/measure.js'
import { partOf } from '../../../src/compare/part.js'
import { bitmapsWhenDivided, divideSet } from '../../../src/convert/express.js'

const PAGES = geometry(12)

function setOf(...runs: readonly { order: number; first: number; count: number }[]): PageSet {
  const pages = createPageSet(12)
  for (const { order, first, count } of runs) addRun(pages, order, first, count)
  return pages
}

describe('what trackers are run for', () => {
  it('is the whole of a set that a machine can have', () => {
    const set = setOf({ order: 0, first: 77, count: 39_000 * SPAN_BITS })
    expect(partOf(set, 0)).toEqual({ set, scale: 1 })
    const large = setOf({ order: 18, first: 0, count: 1024 })
    expect(partOf(large, 10)).toEqual({ set: divideSet(large, 10), scale: 1 })
  })

  it('is of any other some of its blocks, about as many bitmaps as it takes, with how many times as much the whole is', () => {
    const run = fc.record({
      order: fc.integer({ min: 8, max: 17 }),
      first: fc.nat(60_000),
      count: fc.integer({ min: 1, max: 40_000 }),
    })
    const runs = fc.array(run, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(runs, runs => {
        const set = setOf(...runs)
        const { set: part, scale } = partOf(set, 0)
        const total = bitmapsWhenDivided(set, 0)
        expect(scale === 1).toBe(total <= 40_000)
        if (scale === 1) return
        expect(scale).toBeGreaterThan(1)
        const spans = part.orders.get(0)!.spans.size
        expect(spans).toBeGreaterThan(0)
        expect(spans).toBeLessThan(50_000)
        if (total < 200_000) expect(isEmptySet(difference(part, divideSet(set, 0)))).toBe(true)
      }),
      { numRuns: 15 },
    )
  })

  it('is nothing where one block is larger than any memory, when it is divided', () => {
    const set = setOf({ order: 39, first: 0, count: 1 })
    expect(partOf(set, 39).scale).toBe(1)
    expect(() => partOf(set, 0)).toThrow('one block is more than 262144 bitmaps when it is divided')
  })

  it('says what the whole costs, nearly', () => {
    // 6 TiB of pages, in two pieces, and a block that takes as much when it is divided.
    const spans = 48_000
    const rows = measure(
      setOf(
        { order: 0, first: 0, count: (spans / 2) * SPAN_BITS },
        { order: 0, first: 2 ** 32, count: (spans / 2) * SPAN_BITS },
      ),
      'kho-v1-page',
      PAGES,
      2 ** 45,
    )
    expect(rows).toMatchObject({ how: 'modelled', blocks: spans * SPAN_BITS })
    const near = (value: number, wanted: number) => expect(Math.abs(value / wanted - 1)).toBeLessThan(0.03)
    near(rows.atRest.bytes, spans * 4096)
    near(rows.finalize.bytes, Math.ceil(spans / 255) * 4096)
    near(rows.readBack.nodes, spans + spans / 255)
    expect(Number.isInteger(rows.readBack.words)).toBe(true)

    const divided = measure(setOf({ order: 17, first: 0, count: 12_000 }), 'mail-table', PAGES, 2 ** 45)
    expect(divided).toMatchObject({ how: 'modelled', blocks: 12_000 * 2 ** 17 })
    near(divided.atRest.bytes, (spans + spans / 512) * 4096)
  })
})
