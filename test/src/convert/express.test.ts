import { describe, expect, it } from 'vitest'
import { abiOf } from '../../../formats/kernels/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { addRun, createPageSet, totals } from '../../../formats/pages/page-set.js'
import { bitmapsOf, bitmapsWhenDivided, expressSet } from '../../../src/convert/express.js'

const PAGES = geometry(12)

describe('a set in orders that a tracker knows', () => {
  it('is the same where it knows all of them', () => {
    const set = createPageSet(12)
    addRun(set, 9, 3, 2)
    expect(expressSet(set, abiOf('kho-v4'), PAGES)).toEqual({ pages: set, losses: [] })
  })

  it('takes a bitmap for each block at most, and as many as the largest fill', () => {
    // 16 blocks of order 17 are 64 bitmaps of pages; blocks of order 3 are eight pages each, in eight bitmaps or fewer.
    expect([
      bitmapsOf(16, 17),
      bitmapsOf(16, 15),
      bitmapsOf(16, 3),
      bitmapsOf(5, 3),
      bitmapsOf(9, 0),
    ]).toEqual([64, 16, 8, 5, 1])
    const set = createPageSet(12)
    addRun(set, 17, 0, 16)
    addRun(set, 3, 2 ** 24, 5)
    expect(bitmapsWhenDivided(set, 0)).toBe(64 + 5)
    expect(bitmapsWhenDivided(set, 17)).toBe(2)
  })

  it('is refused where 64 TiB and more would be divided, which may come from one bitmap', () => {
    const set = createPageSet(12)
    addRun(set, 18, 0, 2 ** 16)
    const { pages } = expressSet(set, abiOf('mail-table'), PAGES)
    expect(totals(pages)).toEqual({ blocks: 2 ** 34, bytes: 2 ** 46 })
    addRun(set, 18, 2 ** 16, 1)
    expect(() => expressSet(set, abiOf('mail-table'), PAGES)).toThrow(
      'mail-table cannot say it: divided into pages the set takes more than 524288 bitmaps',
    )
    expect(() => expressSet(set, abiOf('kho-v4'), PAGES)).not.toThrow()
  })
})
