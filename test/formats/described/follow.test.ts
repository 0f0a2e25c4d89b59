import { describe, expect, it } from 'vitest'
import { createContext } from '../../../formats/blobs/context.js'
import {
  compileLayout,
  describedValue,
  follow,
  type LayoutFile,
  misfit,
  readDescribed,
} from '../../../formats/described/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'

const PAGE = 4096
type Fields = LayoutFile['structs'][string]['fields']

const ENTRY = { fields: { a: { at: 0, type: 'u16' }, b: { at: 2, type: 'u16' } } } as const

/** A machine of a few pages with a structure `own` of these fields in the first, and the rest as they are written. */
function machine(
  fields: Fields,
  blocks: Readonly<Record<number, number>> = {},
  more: LayoutFile['structs'] = {},
) {
  const all = compileLayout({ structs: { own: { fields }, entry: ENTRY, ...more } })
  const GEOMETRY = geometry(12)
  const builder = createMemoryBuilder({ geometry: GEOMETRY, ram: [{ start: 0x100000, end: 0x140000 }] })
  const pages = builder.allocate(16)
  const memory = () => builder.memory()
  const base = pages.address
  const view = new DataView(pages.bytes.buffer, pages.bytes.byteOffset)
  const context = () => ({
    ...createContext(memory(), GEOMETRY),
    blockBytes: (address: number) => blocks[(address - base) / PAGE] ?? 0,
  })
  return {
    base,
    page: (n: number) => base + n * PAGE,
    /** Puts u64s at a byte of the pages. */
    put: (at: number, ...words: (number | bigint)[]) => {
      for (const [n, word] of words.entries()) view.setBigUint64(at + n * 8, BigInt(word), true)
    },
    bytes: pages.bytes,
    own: (at = 0) => {
      const read = readDescribed(context(), all.structs.get('own')!, base + at)
      if ('absent' in read) throw new Error(read.absent)
      return read.node
    },
    /** Where the first field that leads somewhere leads, and what was wrong on the way. */
    follow(at = 0, place: 'placed' | 'apart' = 'placed') {
      const asked = context()
      const node = this.own(at)
      const from = place === 'placed' ? node : { ...node, address: null }
      const found = follow(asked, from, node.compiled.links[0]!, 'x/list')
      const values = Array.from({ length: found.known }, (_, n) => {
        const element = found.at(n)
        return element && (describedValue(element) as { a: number }).a
      })
      const faults = asked.faults().map(({ code, message, address }) => [code, message, address])
      return { ...found, values, faults }
    },
  }
}

const ROOM = (PAGE - 16) / 4

describe('a chain of blocks', () => {
  const blocks = () => machine({ list: { at: 0, type: 'addr', to: { blocks: 'entry' } } })

  it('has the entries of each block behind those of the one before', () => {
    const made = blocks()
    made.put(0, made.page(1))
    made.put(PAGE, made.page(3), 2, 0x0000_0002_0000_0001n)
    made.put(3 * PAGE, made.page(2), 0)
    made.put(2 * PAGE, 0, 1, 7)
    const { values, count, extents, runs, at, missing, faults } = made.follow()
    expect(values).toEqual([1, 2, 7])
    expect([count, at(3), missing, faults]).toEqual([3, null, null, []])
    expect(extents).toEqual([1, 3, 2].map(n => ({ start: made.page(n), end: made.page(n + 1) })))
    // A block without entries has none that lie one behind the other.
    expect(runs).toEqual([
      { address: made.page(1) + 16, first: 0, count: 2 },
      { address: made.page(2) + 16, first: 2, count: 1 },
    ])
    expect(at(2)!.address).toBe(made.page(2) + 16)
  })

  it('is full with what a page has room for; a block that says more has none', () => {
    const made = blocks()
    made.put(0, made.page(1))
    made.put(PAGE, made.page(2), ROOM)
    made.put(2 * PAGE, 0, 1, 5)
    expect(made.follow()).toMatchObject({ count: ROOM + 1, faults: [] })
    expect(made.follow().at(ROOM)!.address).toBe(made.page(2) + 16)
    made.put(PAGE, made.page(2), ROOM + 1)
    expect(made.follow()).toMatchObject({
      count: 1,
      values: [5],
      faults: [
        [
          'LAYOUT-CHAIN',
          `chain of list has ${ROOM + 1} entries at 0x${made.page(1).toString(16)}, more than ${ROOM}`,
          made.page(1),
        ],
      ],
    })
  })

  it('ends where it cannot be followed, and says why', () => {
    const faultsOf = (next: number | bigint) => {
      const made = blocks()
      made.put(0, made.page(1))
      made.put(PAGE, next, 1)
      const { faults, missing, count, known } = made.follow()
      return {
        faults: faults.map(([, message, at]) => [message, Number(at) - made.base]),
        missing,
        count,
        known,
      }
    }
    const base = blocks().base
    expect(faultsOf(base + PAGE)).toMatchObject({
      faults: [[`chain of list comes back to 0x${(base + PAGE).toString(16)}`, PAGE]],
      count: 1,
    })
    expect(faultsOf(base + 2 * PAGE + 8).faults).toEqual([
      [`chain of list has 0x${(base + 2 * PAGE + 8).toString(16)}, which is not aligned`, 2 * PAGE + 8],
    ])
    expect(faultsOf(2n ** 52n).faults).toEqual([
      ['chain of list goes on at 0x10000000000000, which is no physical address', PAGE],
    ])
    // How many there are is not known where the dump lacks a part.
    expect(faultsOf(0x4000_0000)).toEqual({
      faults: [],
      missing: { reason: 'outside', address: 0x4000_0000 },
      count: null,
      known: 1,
    })
  })

  it('of parts that are as long as they say may lie at any u64, and holds what the input has room for', () => {
    const made = machine({ list: { at: 0, type: 'addr', to: { chain: 'entry' } } })
    made.put(0, made.page(1) + 8)
    made.put(PAGE + 8, made.page(2) + 24, 1500)
    made.put(2 * PAGE + 24, 0, 0)
    const { count, extents, faults } = made.follow()
    expect([count, faults]).toEqual([1500, []])
    expect(extents).toEqual([
      { start: made.page(1) + 8, end: made.page(1) + 8 + 16 + 6000 },
      { start: made.page(2) + 24, end: made.page(2) + 40 },
    ])
    made.put(PAGE + 8, 0, 2n ** 40n)
    expect(made.follow().faults[0]![1]).toMatch(/ has 1099511627776 entries at 0x[0-9a-f]+, more than \d+$/)
    made.put(0, made.page(1) + 4)
    expect(made.follow().faults[0]![1]).toMatch(/which is not aligned$/)
  })
})

describe('what follows a structure', () => {
  const tail = () =>
    machine({ n: { at: 0, type: 'u32', to: { tail: 'entry' } }, last: { at: 4, type: 'u32' } })

  it('is as many entries as it says', () => {
    const made = tail()
    made.put(16, 2, 0x0000_0009_0000_0008n)
    const { values, count, extents, runs, at } = made.follow(16)
    const first = made.base + 24
    expect([values, count, at(2)]).toEqual([[8, 9], 2, null])
    expect(extents).toEqual([{ start: first, end: first + 8 }])
    expect(runs).toEqual([{ address: first, first: 0, count: 2 }])
    expect(made.follow(64)).toMatchObject({ count: 0, extents: [], faults: [] })
    // A structure in an area may lie across two pages: what is behind it is not known to be the next page's.
    expect(made.follow(16, 'apart')).toMatchObject({ count: 0, extents: [] })
  })

  it('is not more than the input has room for', () => {
    const made = tail()
    made.put(0, 0xffff_ffffn)
    expect(made.follow()).toMatchObject({
      count: 0,
      faults: [['LAYOUT-COUNT', 'n is 4294967295, more than there is room for', made.base]],
    })
  })
})

describe('an address', () => {
  it('leads to one structure, to nothing, or is none', () => {
    const made = machine({ next: { at: 0, type: 'addr', to: { struct: 'entry' } } })
    expect(made.follow()).toMatchObject({ count: 0, known: 0, extents: [], missing: null, faults: [] })
    made.put(0, made.page(2) + 4)
    made.put(2 * PAGE, 0x0000_0005_0000_0000n)
    expect(made.follow()).toMatchObject({
      values: [5],
      count: 1,
      extents: [{ start: made.page(2) + 4, end: made.page(2) + 8 }],
    })
    made.put(0, 2n ** 52n - 8n)
    expect(made.follow()).toMatchObject({
      count: null,
      known: 0,
      missing: { reason: 'outside', address: 2 ** 52 - 8 },
      faults: [],
    })
    made.put(0, 2n ** 52n)
    expect(made.follow()).toMatchObject({
      count: 0,
      missing: null,
      faults: [['LAYOUT-POINTER', 'next 0x10000000000000 is no physical address', made.base]],
    })
  })

  it('leads to so many pages, or to the block that begins there', () => {
    const pages = machine({ at: { at: 0, type: 'addr', to: { pages: 3 } } })
    pages.put(0, pages.page(2))
    expect(pages.follow().data).toEqual([{ start: pages.page(2), end: pages.page(5) }])
    const block = machine({ at: { at: 0, type: 'addr', to: { pages: 'block' } } }, { 2: 2 * PAGE })
    block.put(0, block.page(2))
    expect(block.follow().data).toEqual([{ start: block.page(2), end: block.page(4) }])
    block.put(0, block.page(3))
    expect(block.follow().data).toEqual([])
  })

  it('of a folio is the number in its bits', () => {
    const bits = { flag: [0, 4], pfn: [4, 52], top: [56, 8] } as const
    const made = machine({ x: { at: 0, type: 'u64', bits, to: { folio: 'pfn' } } }, { 2: 4 * PAGE })
    const dataOf = (pfn: number | bigint) => {
      made.put(0, (BigInt(pfn) << 4n) | 0xff00_0000_0000_000fn)
      return made.follow().data
    }
    expect(dataOf(made.page(2) / PAGE)).toEqual([{ start: made.page(2), end: made.page(6) }])
    expect(dataOf(made.page(3) / PAGE)).toEqual([{ start: made.page(3), end: made.page(4) }])
    expect(dataOf(0)).toEqual([])
    expect(dataOf(2n ** 40n - 1n)).toEqual([{ start: 2 ** 52 - PAGE, end: 2 ** 52 }])
    expect(dataOf(2n ** 40n)).toEqual([])
  })
})

describe('tables', () => {
  const tables = (levels: number | 'depth', blocks = [2, 3, 4, 5, 6]) => {
    const preserved = Object.fromEntries(blocks.map(n => [n, PAGE]))
    const made = machine(
      { top: { at: 0, type: 'addr', to: { tables: levels } }, depth: { at: 8, type: 'u64' } },
      preserved,
    )
    made.put(0, made.page(2), 3)
    return made
  }
  const pagesOf = (made: ReturnType<typeof tables>) =>
    made.follow().data.map(({ start, end }) => [(start - made.base) / PAGE, end - start])

  it('are those that entries lead to, level by level, and no large page', () => {
    const made = tables('depth')
    made.put(2 * PAGE, made.page(3) | 3, made.page(4) | 0x83, made.page(5), made.page(5) | 2)
    made.put(3 * PAGE + PAGE - 8, made.page(6) | 1)
    expect(pagesOf(made)).toEqual([2, 3, 5, 6].map(n => [n, PAGE]))
    // The last level has leaves.
    made.put(8, 2)
    expect(pagesOf(made)).toEqual([2, 3, 5].map(n => [n, PAGE]))
    made.put(8, 1)
    expect(pagesOf(made)).toEqual([[2, PAGE]])
    made.put(8, 0)
    expect(pagesOf(made)).toEqual([[2, PAGE]])
  })

  it('have bits above their address, and are gone through once', () => {
    const made = tables(4)
    made.put(2 * PAGE, (1n << 63n) | BigInt(made.page(3) | 0xf63), made.page(3) | 3, made.page(2) | 3)
    made.put(3 * PAGE, made.page(2) | 3)
    expect(pagesOf(made)).toEqual([2, 3].map(n => [n, PAGE]))
  })

  it('are preserved; where not, or where the dump lacks one, nothing is below', () => {
    const made = tables(4, [2, 4])
    made.put(2 * PAGE, made.page(3) | 3)
    made.put(3 * PAGE, made.page(4) | 3)
    expect(pagesOf(made)).toEqual([[2, PAGE]])
    const far = tables(4, [2, 4, (0x4000_0000 - made.base) / PAGE, (0x5000_0000 - made.base) / PAGE])
    far.put(2 * PAGE, 0x4000_0003n, 0x5000_0003n, far.page(4) | 3)
    const { data, missing } = far.follow()
    expect(data.map(({ start }) => start)).toEqual([far.page(2), 0x4000_0000, 0x5000_0000, far.page(4)])
    expect(missing).toEqual({ reason: 'outside', address: 0x4000_0000 })
    far.put(0, far.page(2) + 8)
    expect(far.follow().data).toEqual([])
  })

  it('have six levels at most', () => {
    const made = tables('depth', [2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (let n = 2; n < 10; n++) made.put(n * PAGE, made.page(n + 1) | 3)
    made.put(8, 6)
    const six = pagesOf(made).length
    made.put(8, 7)
    expect(pagesOf(made)).toHaveLength(six)
    made.put(8, 5)
    expect(pagesOf(made)).toHaveLength(six - 1)
  })
})

describe('a structure', () => {
  const fits = (type: string, more: object, ...words: (number | bigint)[]) => {
    const made = machine({ pad: { at: 0, type: 'u64' }, x: { at: 8, type, ...more } })
    made.put(8, ...words)
    return misfit(made.own())
  }

  it('fits where its fields have values that readers take', () => {
    expect(fits('u64', {}, 9)).toBeNull()
    expect(fits('u16', { is: [1, 2] }, 0xff_0002n)).toBeNull()
    expect(fits('u16', { is: [1, 2] }, 3)).toBe('x is 3, not 1 or 2')
    expect(fits('u8', { not: [0, 7] }, 0x107)).toBe('x is 7')
    expect(fits('u8', { not: [0, 7] }, 8)).toBeNull()
    expect(fits('u32', { is: [5] }, 5)).toBeNull()
    expect(fits('u32', { is: [5] }, 2n ** 32n + 6n)).toBe('x is 6, not 5')
    expect(fits('addr', { is: [0] }, 2n ** 63n)).toBe('x is 9223372036854775808, not 0')
    expect(fits('u64', { is: [0], not: [0] }, 0)).toBe('x is 0')
  })

  it('of several forms is not the one whose list is counted and not there', () => {
    const made = machine({
      list: { at: 0, type: 'kho_vmalloc', to: { vmalloc: 'entry', count: 'n' } },
      n: { at: 16, type: 'u64' },
    })
    const both = () => [misfit(made.own()), misfit(made.own(), true)]
    expect(both()).toEqual([null, null])
    made.put(16, 2)
    expect(both()).toEqual([null, 'n counts a list that is not there'])
    made.put(0, made.page(1))
    expect(both()).toEqual([null, null])
  })
})

describe('entries in an area', () => {
  const ITEM = { fields: { a: { at: 0, type: 'u16' }, z: { at: 2, type: 'bytes[1498]' } } } as const
  const SIZE = 1500

  /** An area of these pages, whose descriptor lies at 8. */
  const area = (runs: number[], entries: number | bigint, { order = 0, total = 0 } = {}) => {
    const fields: Fields = {
      pad: { at: 0, type: 'u64' },
      list: { at: 8, type: 'kho_vmalloc', to: { vmalloc: 'item', count: 'n' } },
      n: { at: 24, type: 'u64' },
    }
    const made = machine(fields, {}, { item: ITEM })
    made.put(
      8,
      made.page(1),
      BigInt(total || runs.length * 2 ** order) | (1n << 32n) | (BigInt(order) << 48n),
      entries,
    )
    made.put(PAGE, 0, ...runs.map(n => made.page(n)))
    return made
  }
  const mark = (made: ReturnType<typeof area>, at: number, value: number) => {
    made.bytes[at] = value
  }

  it('lie one behind the other, across the borders of its pages too', () => {
    const made = area([4, 2, 7], 8)
    for (let n = 0; n < 8; n++) {
      const at = n * SIZE
      mark(made, [4, 2, 7][Math.floor(at / PAGE)]! * PAGE + (at % PAGE), n + 1)
    }
    const { values, count, known, at, area: found, faults } = made.follow()
    expect(values).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect([count, known, at(8), faults]).toEqual([8, 8, null, []])
    expect(found!.chunks.map(chunk => chunk - made.base)).toEqual([PAGE])
    expect([...found!.runs].map(run => (run - made.base) / PAGE)).toEqual([4, 2, 7])
    // Where an entry lies is known where all of it lies in one page.
    const places = [0, 1, 2, 3, 5].map(n => at(n)!.address)
    expect(places.map(place => place && place - made.base)).toEqual([
      4 * PAGE,
      4 * PAGE + SIZE,
      null,
      2 * PAGE + 3 * SIZE - PAGE,
      null,
    ])
    mark(made, 2 * PAGE + 2 * SIZE + SIZE - PAGE - 1, 0xee)
    expect(made.follow().at(2)!.bytes[SIZE - 1]).toBe(0xee)
  })

  it('are as many as it has room for, where it counts more', () => {
    const full = Math.floor((2 * PAGE) / SIZE)
    expect(area([2, 3], full).follow()).toMatchObject({ count: full, known: full, faults: [] })
    const more = area([2, 3], full + 1)
    expect(more.follow()).toMatchObject({
      count: full,
      known: full,
      faults: [['LAYOUT-COUNT', `list has room for ${full} entries, not ${full + 1}`, more.base + 8]],
    })
    const runs = area([4, 8], 5, { order: 1 })
    mark(runs, 8 * PAGE + 6 * SIZE - 2 * PAGE, 9)
    expect(runs.follow()).toMatchObject({ count: 5, faults: [] })
    runs.put(24, 10)
    expect(runs.follow().values[6]).toBe(9)
    expect(runs.follow().faults).toEqual([])
    runs.put(24, 11)
    expect(runs.follow()).toMatchObject({ known: 10, count: 10 })
    expect(runs.follow(0, 'apart').faults).toEqual([['LAYOUT-COUNT', expect.any(String), null]])
  })

  it('are none where nothing leads to them, unless it counts some', () => {
    const none = area([], 0)
    none.put(8, 0)
    expect(none.follow()).toMatchObject({ count: 0, known: 0, area: null, faults: [] })
    none.put(24, 1)
    expect(none.follow().area).not.toBeNull()
    const counted = area([2], 0)
    expect(counted.follow()).toMatchObject({ count: 0, known: 0 })
    expect(counted.follow().area!.runs).toHaveLength(1)
  })

  it('are not known in number where the dump lacks a part of the area', () => {
    const made = area([2], 3, { total: 600 })
    made.put(PAGE, 0x4000_0000, made.page(2))
    // All that are counted are there all the same.
    made.put(24, 2)
    expect(made.follow()).toMatchObject({ count: 2, known: 2 })
    made.put(24, 3)
    expect(made.follow()).toMatchObject({ count: null, known: 2 })
    expect(made.follow().faults.map(([code]) => code)).not.toContain('LAYOUT-COUNT')
  })
})
