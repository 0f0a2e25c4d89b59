import { describe, expect, it } from 'vitest'
import { buildFdt, nativeU64Bytes, parseFdt } from '../../../formats/fdt/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { listBlocks, listRanges } from '../../../formats/pages/runs.js'
import { trackerOf } from '../../../formats/trackers/index.js'
import { GEO, memoryOf, noticed, RAM_END, rows, type Word } from './hand.js'

/*
 * What each decoder says of words that no kernel writes: which fault, at which address and path, what is counted as a bad
 * pointer and what as a node that the dump lacks. The addresses are those of the word that is wrong, where there is one.
 */

const LIMIT = 2 ** 52
type Faults = readonly (readonly (string | number | null)[])[]
type Row = readonly [what: string, words: readonly Word[], faults: Faults, bad: number, absent: number]

const check =
  (format: Parameters<typeof trackerOf>[0], options = {}, addresses = [0x10000]) =>
  (_: string, words: readonly Word[], faults: Faults, bad: number, absent: number) => {
    const decode = trackerOf(format).decode(memoryOf(words), { addresses }, { geometry: GEO, ...options })
    expect(noticed(decode)).toEqual({ faults, bad, absent })
  }

/** Below a root's slot that no key reaches: the nodes of a range that began at pfn 0. */
const wrapped = (...changes: Word[]): Word[] => [
  [0x10020, 0x20000],
  [0x20000, 0x30000],
  [0x30000, 0x40000],
  [0x40000, 0x50000],
  [0x50000, 0x60000],
  [0x60000, 1],
  ...changes,
]
const ROOT_INDEX: Faults = [['RADIX-ROOT-INDEX', 0x10020, null]]

describe('faults of a radix tree', () => {
  it.each<Row>([
    ['a pointer of 2^52', [[0x10008, LIMIT]], [['RADIX-POINTER', 0x10008, null]], 1, 0],
    [
      'an address past RAM',
      [[0x10008, LIMIT - 4096]],
      [['RADIX-NODE-ABSENT', LIMIT - 4096, '@0xffffffffff000', 'outside']],
      0,
      1,
    ],
    [
      'a page that was left out',
      [[0x10008, 0x7000]],
      [['RADIX-NODE-ABSENT', 0x7000, '@0x7000', 'excluded']],
      0,
      1,
    ],
    ['a pointer into a page', [[0x10018, 0x20010]], [['RADIX-POINTER', 0x10018, null]], 1, 0],
    [
      'a way back',
      [
        [0x10008, 0x20000],
        [0x20ff8, 0x10000],
      ],
      [['RADIX-CYCLE', 0x20ff8, '@0x10000']],
      1,
      0,
    ],
    [
      'two ways',
      [
        [0x10008, 0x20000],
        [0x10010, 0x20000],
        [0x20000, 0],
      ],
      [['RADIX-SHARED-NODE', 0x10010, '@0x20000']],
      1,
      0,
    ],
    ['the way of a range from pfn 0', wrapped(), [['PFN0-ORDER', 0x10020, null]], 0, 0],
    [
      'that way, in the next slot',
      [[0x10028, 0x20000], ...wrapped().slice(1)],
      [['RADIX-ROOT-INDEX', 0x10028, null]],
      1,
      0,
    ],
    ['that way with another bit', wrapped([0x60000, 3]), ROOT_INDEX, 1, 0],
    ['that way with another word at the end', wrapped([0x60008, 1]), ROOT_INDEX, 1, 0],
    ['that way with another slot, the last', wrapped([0x40ff8, 0x50000]), ROOT_INDEX, 1, 0],
    ['that way with a pointer into a page', wrapped([0x30000, 0x40008]), ROOT_INDEX, 1, 0],
    ['that way with no address', wrapped([0x30000, LIMIT]), ROOT_INDEX, 1, 0],
    ['that way back to the root', wrapped([0x30000, 0x10000]), ROOT_INDEX, 1, 0],
    ['that way past RAM', wrapped([0x30000, RAM_END]), ROOT_INDEX, 1, 0],
    [
      'that way into what was left out',
      wrapped([0x30000, 0x7000]),
      [['RADIX-NODE-ABSENT', 0x7000, '@0x7000', 'excluded']],
      0,
      1,
    ],
    ['that way through nodes of a sound one', wrapped([0x10008, 0x20000]), ROOT_INDEX, 1, 0],
  ])('%s', check('radix-tree'))

  it.each<[string, number, Faults, number, number]>([
    ['no address', LIMIT, [['RADIX-POINTER', null, null]], 1, 0],
    ['inside a page', 0x10010, [['RADIX-POINTER', 0x10010, null]], 1, 0],
    ['left out', 0x7000, [['RADIX-NODE-ABSENT', 0x7000, '@0x7000', 'excluded']], 0, 1],
    ['0', 0, [], 0, 0],
  ])('a root that is %s', (what, root, faults, bad, absent) => {
    check('radix-tree', {}, [root])(what, [[0x10000, 0]], faults, bad, absent)
    check('radix-tree', {}, root === 0 ? [] : [root])(what, [[0x10000, 0]], faults, bad, absent)
  })

  it('lists the nodes on the way of a range from pfn 0, which stand for no memory', () => {
    const decode = trackerOf('radix-tree').decode(
      memoryOf(wrapped()),
      { addresses: [0x10000] },
      { geometry: GEO },
    )
    expect(rows(decode).slice(1)).toEqual([
      [0x20000, 'table', 4, null, null, 4096],
      [0x30000, 'table', 3, null, null, 4096],
      [0x40000, 'table', 2, null, null, 4096],
      [0x50000, 'table', 1, null, null, 4096],
      [0x60000, 'leaf', 0, null, null, 4096],
    ])
  })

  it('says that blocks lie at 2^52 and above, and keeps those below', () => {
    // The last slots that a key of order 0 can have: 2^53 - 2^15 and up, of pages 2^52 - 2^15 and up; only order 1 and up fit.
    const words: Word[] = [
      [0x10018, 0x20000],
      [0x20ff8, 0x30000],
      [0x30ff8, 0x40000],
      [0x40ff8, 0x50000],
      [0x50ff8, 0x60000],
      [0x60000, 5],
    ]
    const decode = trackerOf('radix-tree').decode(
      memoryOf(words),
      { addresses: [0x10000] },
      { geometry: GEO },
    )
    expect(noticed(decode)).toEqual({ faults: [['BLOCK-ADDRESS', 0x60000, '@0x60000']], bad: 0, absent: 0 })
    expect(decode.faults[0]!.message).toBe('2 blocks of order 0 lie at or above 2^52')
    expect(rows(decode).at(-1)).toEqual([0x60000, 'leaf', 0, 0, (2 ** 52 - 2 ** 15) * 4096, 4096])
  })
})

/** A chunk at 0x10000 with one entry, and what is different about it. */
const chunk = (
  change: Partial<Record<'next' | 'order' | 'count' | 'start' | 'bitmap', number | bigint>> = {},
): Word[] => {
  const { next, order, count, start, bitmap } = {
    next: 0,
    order: 0,
    count: 1,
    start: 0,
    bitmap: 0x20000,
    ...change,
  }
  return [
    [0x10000, next],
    [0x10008, BigInt(order) | (BigInt(count) << 32n)],
    [0x10010, start],
    [0x10018, bitmap],
    [0x20000, 1],
  ]
}

describe('faults of a chunk list', () => {
  it.each<Row>([
    ['none', chunk(), [], 0, 0],
    ['a next of 2^52', chunk({ next: LIMIT }), [['CHUNK-POINTER', null, null]], 1, 0],
    ['a next inside a page', chunk({ next: 0x10008 }), [['CHUNK-POINTER', 0x10008, null]], 1, 0],
    ['a next that is itself', chunk({ next: 0x10000 }), [['CHUNK-CYCLE', 0x10000, '@0x10000']], 1, 0],
    [
      'a next that was left out',
      chunk({ next: 0x7000 }),
      [['CHUNK-ABSENT', 0x7000, '@0x7000', 'excluded']],
      0,
      1,
    ],
    ['a NULL bitmap', chunk({ bitmap: 0 }), [['CHUNK-BITMAP-POINTER', 0x10018, '@0x10000']], 1, 0],
    ['a bitmap at 2^52', chunk({ bitmap: LIMIT }), [['CHUNK-BITMAP-POINTER', 0x10018, '@0x10000']], 1, 0],
    [
      'a bitmap past RAM',
      chunk({ bitmap: LIMIT - 4096 }),
      [['CHUNK-BITMAP-ABSENT', LIMIT - 4096, '@0xffffffffff000', 'outside']],
      0,
      1,
    ],
    ['a start at 2^52', chunk({ start: LIMIT }), [['CHUNK-START', 0x10010, '@0x10000']], 1, 0],
    ['a start below 2^52', chunk({ start: LIMIT - 2 ** 27 }), [], 0, 0],
    [
      'as many entries as fit',
      [...chunk({ count: 255 }), ...Array.from({ length: 254 }, (_, n): Word => [0x10028 + n * 16, 0x20000])],
      Array.from({ length: 100 }, (_, n) => ['CHUNK-BITMAP-SHARED', 0x10020 + n * 16, '@0x20000']),
      0,
      0,
    ],
    ['a start inside a page', chunk({ start: 0x100 }), [['CHUNK-START-ALIGN', 0x10010, '@0x20000']], 0, 0],
    ['a start inside a span', chunk({ start: 0x5000 }), [['CHUNK-START-SPAN', 0x10010, '@0x20000']], 0, 0],
    [
      'a bitmap inside a page',
      chunk({ bitmap: 0x20800 }),
      [['CHUNK-BITMAP-ABSENT', 0x20800, '@0x20800', 'excluded']],
      0,
      1,
    ],
    [
      'an order whose blocks are 2^52 bytes',
      chunk({ order: 40 }),
      [['CHUNK-ORDER', 0x10010, '@0x20000']],
      1,
      0,
    ],
    ['an order whose blocks are 2^51 bytes', chunk({ order: 39 }), [], 0, 0],
    ['order -1', chunk({ order: 0xffffffff }), [['PFN0-ORDER', 0x10010, '@0x20000']], 0, 0],
    [
      'blocks past 2^52',
      [...chunk({ order: 39, start: 0 }), [0x20000, 7]],
      [['BLOCK-ADDRESS', 0x10010, '@0x20000']],
      0,
      0,
    ],
  ])('%s', check('chunk-list'))

  it('with small bitmaps: they need be aligned to their own size only', () => {
    const small = check('chunk-list', { bitmapBytes: 512 })
    small('aligned', chunk({ bitmap: 0x20200 }), [], 0, 0)
    small('not', chunk({ bitmap: 0x20100 }), [['CHUNK-BITMAP-ALIGN', 0x10018, '@0x20100']], 0, 0)
    small('a span of 16 MiB', chunk({ start: 0x1000000 }), [], 0, 0)
    small('half of it', chunk({ start: 0x800000 }), [['CHUNK-START-SPAN', 0x10010, '@0x20000']], 0, 0)
  })

  it('with more entries than fit, reads those that do', () => {
    const decode = trackerOf('chunk-list').decode(
      memoryOf(chunk({ count: 256 })),
      { addresses: [0x10000] },
      { geometry: GEO },
    )
    const { faults, bad } = noticed(decode)
    expect(faults[0]).toEqual(['CHUNK-NUM-ELMS', 0x1000c, '@0x10000'])
    // The other 254 entries of the page have no bitmap.
    expect(bad).toBe(1 + 254)
    expect(listBlocks(decode.pages)).toEqual([{ address: 0, order: 0 }])
  })

  it('of the sketch: the count stands before the pointer', () => {
    const words: Word[] = [
      [0x10000, 0x100_0000_0000n],
      [0x10008, 0],
    ]
    const decode = trackerOf('chunk-list').decode(
      memoryOf(words),
      { addresses: [0x10000] },
      { geometry: GEO, chunkHeader: 'order-first' },
    )
    expect(noticed(decode).faults[0]).toEqual(['CHUNK-NUM-ELMS', 0x10004, '@0x10000'])
  })

  it('lists a bitmap once, however many entries name it, and not at all where the dump lacks it', () => {
    const words: Word[] = [
      ...chunk({ count: 4 }),
      [0x10020, 2 ** 27],
      [0x10028, 0x20000],
      [0x10030, 2 ** 28],
      [0x10038, 0x7000],
      [0x10040, 2 ** 29],
      [0x10048, 0x30000],
      [0x30000, 2],
    ]
    const decode = trackerOf('chunk-list').decode(
      memoryOf(words),
      { addresses: [0x10000] },
      { geometry: GEO },
    )
    expect(rows(decode)).toEqual([
      [0x10000, 'chunk', null, 0, null, 4096],
      [0x20000, 'bitmap', null, 0, 0, 4096],
      [0x30000, 'bitmap', null, 0, 2 ** 29, 4096],
    ])
    expect(listBlocks(decode.pages).map(({ address }) => address)).toEqual([0, 2 ** 27, 2 ** 29 + 4096])
  })
})

describe('faults of page tables', () => {
  it.each<Row>([
    ['a descriptor of 2^52', [[0x10008, LIMIT]], [['TABLE-POINTER', null, null]], 1, 0],
    ['a descriptor with low bits', [[0x10008, 0x20001]], [['TABLE-POINTER', null, null]], 1, 0],
    [
      'an address past RAM',
      [[0x10008, LIMIT - 4096]],
      [['TABLE-ABSENT', LIMIT - 4096, '@0xffffffffff000', 'outside']],
      0,
      1,
    ],
    [
      'two ways',
      [
        [0x10008, 0x20000],
        [0x10010, 0x20000],
        [0x20000, 0],
      ],
      [['TABLE-SHARED-NODE', 0x20000, '@0x20000']],
      1,
      0,
    ],
    ['a way back', [[0x10008, 0x10000]], [['TABLE-SHARED-NODE', 0x10000, '@0x10000']], 1, 0],
    [
      'blocks past 2^52',
      [
        [0x10400, 0x20000],
        [0x20000, 0x30000],
        [0x30000, 0x40000],
        [0x40000, 3],
      ],
      [['BLOCK-ADDRESS', 0x40000, '@0x40000']],
      0,
      0,
    ],
  ])('%s', check('page-table'))

  it.each<[PageShift, number, number]>([
    [12, 10, 512],
    [14, 0, 2048],
    [14, 1, 1024],
    [16, 0, 8],
    [16, 2, 2],
    [16, 3, 1],
    [16, 4, 1],
  ])('pages of 2^%i bytes, order %i: %i descriptors of the top table are in reach', (shift, order, slots) => {
    const geo = geometry(shift)
    const options = { geometry: geo }
    const tracker = trackerOf('page-table')
    const addresses = [...Array(order).fill(0), 0x10000]
    const last: Word = [0x10000 + (slots - 1) * 8, 0x20000]
    const next: Word[] = slots === geo.tableEntries ? [] : [[0x10000 + slots * 8, 0x30000]]
    const memory = memoryOf([last, ...next], shift)
    const decode = tracker.decode(memory, { addresses }, options)
    const absent = ['TABLE-ABSENT', 0x20000, '@0x20000', 'excluded']
    const past = next.map(() => ['TABLE-INDEX', 0x10000, '@0x10000'])
    expect(noticed(decode)).toEqual({ faults: [absent, ...past], bad: next.length, absent: 1 })
    expect(
      tracker.coverage({ memory, root: { addresses }, options, decode }, decode.nodes[0]!),
    ).toMatchObject({
      of: slots,
      used: 1,
    })
  })

  it('names the orders that the kernel has not, and reads them', () => {
    const decode = trackerOf('page-table').decode(
      memoryOf([
        [0x10000, 0],
        [0x20000, 0],
      ]),
      { addresses: [...Array(10).fill(0), 0x10000, 0x20000] },
      { geometry: GEO },
    )
    expect(noticed(decode).faults).toEqual([['TABLE-ORDER', null, 'fdt']])
    expect(rows(decode).map(([address, , , order]) => [address, order])).toEqual([
      [0x10000, 10],
      [0x20000, 11],
    ])
  })
})

describe('faults of a list of ranges', () => {
  const range = (count: number, start: number | bigint, size: number | bigint, next = 0): Word[] => [
    [0x10000, next],
    [0x10008, count],
    [0x10010, start],
    [0x10018, size],
  ]
  it.each<Row>([
    ['none', range(1, 0x4000, 0x1000), [], 0, 0],
    ['more than fit', range(171, 0x4000, 0x1000), [['CHUNK-NUM-ELMS', 0x10008, '@0x10000']], 1, 0],
    ['as many as fit', range(170, 0x4000, 0x1000), [], 0, 0],
    ['a start inside a page', range(1, 0x4800, 0x1000), [['MEM-RANGE', 0x10010, '@0x10000']], 1, 0],
    ['an end above 2^52', range(1, LIMIT - 4096, 0x2000), [['MEM-RANGE', 0x10010, '@0x10000']], 1, 0],
    ['an end at 2^52', range(1, LIMIT - 4096, 0x1000), [], 0, 0],
    ['a next that is itself', range(1, 0, 0x1000, 0x10000), [['CHUNK-CYCLE', null, '@0x10000']], 1, 0],
    ['a next inside a page', range(1, 0, 0x1000, 0x10010), [['CHUNK-POINTER', null, '@0x10010']], 1, 0],
    [
      'a next that was left out',
      range(1, 0, 0x1000, 0x7000),
      [['CHUNK-ABSENT', 0x7000, '@0x7000', 'excluded']],
      0,
      1,
    ],
  ])('%s', check('range-list'))

  it('takes the ranges around one that is none, and a last page that is not whole', () => {
    const words: Word[] = [
      ...range(3, 0x4000, 0x1001),
      [0x10028, 0x9001],
      [0x10030, 0x1000],
      [0x10040, 0x20000],
      [0x10048, 0x1000],
    ]
    const decode = trackerOf('range-list').decode(
      memoryOf(words),
      { addresses: [0x10000] },
      { geometry: GEO },
    )
    expect(listRanges(decode.pages)).toEqual([
      { start: 0x4000, end: 0x6000 },
      { start: 0x20000, end: 0x21000 },
    ])
    expect(noticed(decode)).toEqual({ faults: [['MEM-RANGE', 0x10028, '@0x10000']], bad: 1, absent: 0 })
  })
})

const BASE = 0xffff_8880_0000_0000n
/** An array of one page and one element, and what is different about it. */
const array = (
  change: Partial<
    Record<'magic' | 'first' | 'next' | 'entry' | 'start' | 'order' | 'bitmap', number | bigint>
  > = {},
): Word[] => {
  const { magic, first, next, entry, start, order, bitmap } = {
    magic: 0x4b415252,
    first: 0x20000,
    next: 0,
    entry: BASE + 0x30000n,
    start: 0,
    order: 0,
    bitmap: 0x40000,
    ...change,
  }
  return [
    [0x10000, magic],
    [0x10008, first],
    [0x20000, next],
    [0x20018, entry],
    [0x30000, start],
    [0x30008, order],
    [0x30010, bitmap],
    [0x40000, 1],
  ]
}
const NO_BASE: Faults = [['ARRAY-DIRECT-MAP', null, null]]

describe('faults of an array', () => {
  it.each<Row>([
    ['none', array(), [], 0, 0],
    ['another magic', array({ magic: 0x4b415253 }), [['ARRAY-HEADER', 0x10000, null]], 1, 0],
    ['version 1', array({ magic: 0x1_4b41_5252n }), [['ARRAY-HEADER', 0x10000, null]], 1, 0],
    ['no pages', array({ first: 0 }), [], 0, 0],
    ['a page inside a page', array({ first: 0x20010 }), [['ARRAY-POINTER', null, '@0x20010']], 1, 0],
    [
      'a page that was left out',
      array({ first: 0x7000 }),
      [['ARRAY-ABSENT', 0x7000, '@0x7000', 'excluded']],
      0,
      1,
    ],
    ['a page that leads to itself', array({ next: 0x20000 }), [['ARRAY-POINTER', null, '@0x20000']], 1, 0],
    ['a direct map moved by 5 GiB', array({ entry: BASE + 5n * 2n ** 30n + 0x30000n }), [], 0, 0],
    ['an entry that leads nowhere', array({ entry: BASE + 0x30008n }), NO_BASE, 1, 0],
    ['a start of 2^52', array({ start: LIMIT }), NO_BASE, 1, 0],
    ['an order of 40', array({ order: 40 }), NO_BASE, 1, 0],
    ['an order of 39', array({ order: 39 }), [], 0, 0],
    ['a reserved word', array({ order: 1n << 32n }), NO_BASE, 1, 0],
    ['no bitmap', array({ bitmap: 0 }), NO_BASE, 1, 0],
    ['a bitmap of 2^52', array({ bitmap: LIMIT }), NO_BASE, 1, 0],
    ['a bitmap out of line', array({ bitmap: 0x40100 }), NO_BASE, 1, 0],
    [
      'a bitmap that was left out',
      array({ bitmap: 0x7200 }),
      [['CHUNK-BITMAP-ABSENT', 0x7200, '@0x7200', 'excluded']],
      0,
      1,
    ],
  ])('%s', check('kho-array'))

  it('names entries after the sample that lead to no element, and keeps the others', () => {
    const entries = Array.from({ length: 18 }, (_, n): Word[] => [
      [0x20010 + n * 8, BASE + 0x30000n + BigInt(n * 32)],
      [0x30000 + n * 32, n * 2 ** 24],
      [0x30010 + n * 32, n === 16 ? 0 : 0x40000 + n * 512],
      [0x40000 + n * 512, 1],
    ]).flat()
    const words: Word[] = [[0x10000, 0x4b415252], [0x10008, 0x20000], ...entries]
    const decode = trackerOf('kho-array').decode(memoryOf(words), { addresses: [0x10000] }, { geometry: GEO })
    expect(noticed(decode)).toEqual({ faults: [['ARRAY-ENTRY', 0x30000 + 16 * 32, null]], bad: 1, absent: 0 })
    expect(listBlocks(decode.pages).map(({ address }) => address / 2 ** 24)).toEqual([
      ...Array(16).keys(),
      17,
    ])
    expect(rows(decode).slice(0, 4)).toEqual([
      [0x10000, 'array', null, null, null, 16],
      [0x20000, 'array', null, null, null, 4096],
      [0x30000, 'array', null, 0, 0, 24],
      [0x40000, 'bitmap', null, 0, 0, 512],
    ])
  })

  it('has no address for an entry that leads below or above all memory', () => {
    const words: Word[] = array()
    for (let n = 0; n < 16; n++) words.push([0x20010 + n * 8, BASE + 0x30000n])
    words.push([0x20090, BASE - 8n], [0x20098, BASE + 2n ** 52n], [0x200a0, BASE])
    const decode = trackerOf('kho-array').decode(memoryOf(words), { addresses: [0x10000] }, { geometry: GEO })
    expect(noticed(decode).faults.filter(([code]) => code === 'ARRAY-ENTRY')).toEqual([
      ['ARRAY-ENTRY', null, null],
      ['ARRAY-ENTRY', null, null],
      ['ARRAY-ENTRY', 0, null],
    ])
  })

  it('is empty where its header is not in the dump, or is none', () => {
    for (const addresses of [[0x7000], [0], []]) {
      const words: Word[] = [[0, 0x4b415252]]
      const decode = trackerOf('kho-array').decode(memoryOf(words), { addresses }, { geometry: GEO })
      expect({ ...noticed(decode), nodes: decode.nodes }).toEqual({
        faults: [],
        bad: 0,
        absent: 0,
        nodes: [],
      })
    }
  })

  it('takes an entry whose lower half is 0', () => {
    const words: Word[] = [
      ...array({ entry: ((BASE >> 32n) << 32n) + 2n * 2n ** 32n }),
      [0xc0000010, 0x40000],
    ]
    const decode = trackerOf('kho-array').decode(memoryOf(words), { addresses: [0x10000] }, { geometry: GEO })
    expect(noticed(decode).faults).toEqual([])
    expect(listBlocks(decode.pages)).toEqual([{ address: 0, order: 0 }])
  })

  it('reads an element that lies in two pages', () => {
    const words: Word[] = [
      [0x10000, 0x4b415252],
      [0x10008, 0x20000],
      [0x20010, BASE + 0x30ff0n],
      [0x30ff0, 0x1000000],
      [0x30ff8, 0],
      [0x31000, 0x40000],
      [0x40000, 1],
    ]
    const decode = trackerOf('kho-array').decode(memoryOf(words), { addresses: [0x10000] }, { geometry: GEO })
    expect(listBlocks(decode.pages)).toEqual([{ address: 0x1000000, order: 0 }])
  })
})

describe('faults of arrays in the root', () => {
  const decodeMem = (...values: bigint[]) => {
    const mem = { name: 'mem', value: nativeU64Bytes(...values) }
    const { root } = parseFdt(buildFdt({ children: [{ name: 'a', properties: [mem] }] }))
    const tracker = trackerOf('mem-array')
    return tracker.decode(memoryOf([]), tracker.locate(root, { node: null, property: 'mem' })!, {
      geometry: GEO,
    })
  }
  it.each<[string, bigint[], string | null, number, [number, number][]]>([
    ['none', [0x4000n, 0x2000n], null, 0, [[0x4000, 0x6000]]],
    ['a start of 2^52', [2n ** 52n, 0n], 'MEM-RANGE', 1, []],
    ['a size of 2^52', [0n, 2n ** 52n], 'MEM-RANGE', 1, []],
    ['an end above 2^52', [2n ** 52n - 0x1000n, 0x2000n], 'MEM-RANGE', 1, []],
    ['an end at 2^52', [2n ** 52n - 0x1000n, 0x1000n], null, 0, [[2 ** 52 - 0x1000, 2 ** 52]]],
    ['a start inside a page', [0x4800n, 0x1000n], 'MEM-ALIGN', 0, [[0x4000, 0x6000]]],
    ['an end inside a page', [0x4000n, 0x1001n], 'MEM-ALIGN', 0, [[0x4000, 0x6000]]],
    ['more than 2^34 pages', [0x1000n, 2n ** 46n + 0x1000n], 'MEM-RANGE', 0, []],
  ])('%s', (_, values, code, bad, ranges) => {
    const decode = decodeMem(...values, 0x1000000n, 0n)
    expect(noticed(decode)).toEqual({ faults: code === null ? [] : [[code, null, 'fdt']], bad, absent: 0 })
    expect(listRanges(decode.pages).map(({ start, end }) => [start, end])).toEqual(ranges)
  })
})
