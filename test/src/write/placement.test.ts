import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addRun, createPageSet, SPAN_BITS } from '../../../formats/pages/page-set.js'
import { listRanges } from '../../../formats/pages/runs.js'
import type { KhoState } from '../../../src/image/state.js'
import { builderFor, endOfBlocks, ramChoices, skipBlocks, takenRanges } from '../../../src/write/placement.js'
import { setOf, stateOf } from '../diff/states.js'

describe('placing pages', () => {
  it('keeps out of the lowest MiB, scratch, and what is preserved', () => {
    const scratch = [{ start: 2 ** 20, size: 0x4000 }]
    const state = stateOf({ pages: createPageSet(12), scratch })
    const pages = setOf([
      [0, 0x104],
      [1, 0x106],
    ])
    const builder = builderFor(state, [{ start: 0, end: 2 ** 20 + 0xa000 }], pages, 0)
    const places = [1, 2, 3].map(() => builder.allocate(1).address)
    expect(places).toEqual([0x10_5000, 0x10_8000, 0x10_9000])
    expect(() => builder.allocate(1)).toThrow(/no 4096 free bytes/)
  })

  it('passes by every block, of whatever order, and by nothing else', () => {
    const block = fc.tuple(
      fc.constantFrom(0, 0, 1, 4),
      fc.oneof(fc.nat(60), fc.integer({ min: SPAN_BITS - 4, max: SPAN_BITS + 4 })),
      fc.integer({ min: 1, max: 6 }),
    )
    fc.assert(
      fc.property(fc.array(block, { maxLength: 10 }), fc.nat(70), fc.boolean(), (list, page, far) => {
        const pages = createPageSet(12)
        for (const [order, at, count] of list) addRun(pages, order, at, count)
        const address = (far ? SPAN_BITS - 4 : 0) * 4096 + page * 4096
        const inside = listRanges(pages).find(({ start, end }) => start <= address && address < end)
        expect(skipBlocks(pages, address)).toBe(inside?.end ?? address)
      }),
    )
  })

  it('knows where blocks end, to a bitmap', () => {
    const pages = createPageSet(12)
    expect(endOfBlocks(pages)).toBe(0)
    addRun(pages, 0, 3, 1)
    expect(endOfBlocks(pages)).toBe(SPAN_BITS * 4096)
    addRun(pages, 2, SPAN_BITS, 1)
    expect(endOfBlocks(pages)).toBe(2 * SPAN_BITS * 4 * 4096)
    addRun(pages, 39, 1, 1)
    expect(endOfBlocks(pages)).toBe(2 ** 52)
  })

  it('takes the RAM that is known first, then what lies up to 64 GiB behind it and all blocks', () => {
    const choices = (ramKnown: { start: number; end: number }[], pages = createPageSet(12)) => {
      const state = stateOf({ pages })
      return [...ramChoices({ ...state, image: { ...state.image, ramKnown } } as KhoState)]
    }
    const known = [
      { start: 0x10000, end: 0x20000 },
      { start: 0x40000, end: 0x80000 },
    ]
    expect(choices(known)).toEqual([
      { ram: known, assumed: false },
      { ram: [{ start: 0x10000, end: 0x80000 + 2 ** 36 }], assumed: true },
    ])
    const pages = createPageSet(12)
    addRun(pages, 0, 3, 1)
    expect(choices([], pages)).toEqual([{ ram: [{ start: 0, end: 2 ** 27 + 2 ** 36 }], assumed: true }])
    expect(choices([{ start: 0, end: 2 ** 52 - 4096 }])[1]?.ram).toEqual([{ start: 0, end: 2 ** 52 }])
  })

  it('keeps out of pages of roots, records, scratch and structures, whole', () => {
    const state = stateOf({ pages: createPageSet(12), scratch: null })
    const evidence = (kind: string, address: number | null) => ({ kind, address })
    const candidates = [
      {
        address: 0x5010,
        evidence: [
          evidence('setup-data', 0x9020),
          evidence('chosen', 0x20000),
          evidence('scan', 0x30000),
          evidence('chosen', null),
        ],
      },
      { address: 0x40000, evidence: [] },
    ]
    const full = { ...state, candidates, scratchArray: { address: 0x50ff8, size: 16 } } as unknown as KhoState
    // None of them is in the dump: each has the page that it begins in, and the next where it is not aligned.
    expect(takenRanges(full)).toEqual([
      { start: 0x5000, end: 0x7000 },
      { start: 0x9000, end: 0xb000 },
      { start: 0x20000, end: 0x21000 },
      { start: 0x40000, end: 0x41000 },
      { start: 0x50000, end: 0x52000 },
    ])
    expect(takenRanges(state)).toEqual([])
  })
})
