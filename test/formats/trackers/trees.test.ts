import { describe, expect, it } from 'vitest'
import { geometry } from '../../../formats/memory/geometry.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { trackerOf } from '../../../formats/trackers/index.js'
import { GEO, memoryOf, reading, rows, shown, type Word, way } from './hand.js'

/*
 * How a tracker is told from others, what its nodes are and stand for, and the way down to a bit: worked by hand, for words
 * put down by hand.
 */

const MIB = 2 ** 20

/** A block of order 0, pfn 0x123456, and one of order 9, number 6480: the keys of test/formats/trackers/golden.test.ts. */
const TREE: readonly Word[] = [
  [0x10000, 0x70000],
  [0x10010, 0x20000],
  [0x20000, 0x30000],
  [0x30000, 0x40000],
  [0x40000, 0x50000],
  [0x50120, 0x60000],
  [0x60000 + 1672, 1n << 22n],
  [0x70010, 0x80000],
  [0x80000, 0x90000],
  [0x90000, 0xa0000],
  [0xa0000, 0xb0000],
  [0xb0000 + 808, 1n << 16n],
]

describe('a radix tree', () => {
  const tree = reading('radix-tree', TREE)

  it('has nodes that stand for memory as soon as the order bit lies above their index', () => {
    const table = (at: number) => [{ kind: 'table', address: at, count: 512 }]
    const slots = (at: number, order: number | null, end: number | null, of = 512, used = 1) => ({
      at,
      order,
      range: end === null ? null : [0, end],
      unit: 'slots',
      used,
      of,
      pieces: table(at),
    })
    expect(shown('radix-tree', tree)).toEqual([
      slots(0x10000, null, null, 4, 2),
      slots(0x70000, null, null),
      slots(0x80000, 9, 2 ** 63),
      slots(0x90000, 9, 2 ** 54),
      slots(0xa0000, 9, 2 ** 45),
      {
        ...{ at: 0xb0000, order: 9, range: [0, 2 ** 36], unit: 'blocks', used: 1, of: 32768 },
        pieces: [{ kind: 'bits', address: 0xb0000, size: 4096, order: 9, first: 0 }],
      },
      slots(0x20000, 0, 2 ** 63),
      slots(0x30000, 0, 2 ** 54),
      slots(0x40000, 0, 2 ** 45),
      slots(0x50000, 0, 2 ** 36),
      {
        ...{ at: 0x60000, order: 0, range: [0x120000000, 0x128000000], unit: 'blocks', used: 1, of: 32768 },
        pieces: [{ kind: 'bits', address: 0x60000, size: 4096, order: 0, first: 0x120000 }],
      },
    ])
  })

  it('is followed down to the bit of a block that is in it', () => {
    const { trace } = trackerOf('radix-tree')
    expect(way(trace(tree, 0x123456000, 0))).toEqual([
      ['@0x10000', 2, null],
      ['@0x20000', 0, null],
      ['@0x30000', 0, null],
      ['@0x40000', 0, null],
      ['@0x50000', 36, null],
      ['@0x60000', null, 13398],
    ])
    expect(way(trace(tree, 6480 * 2 * MIB, 9)).at(-1)).toEqual(['@0xb0000', null, 6480])
    for (const [address, order] of [
      [0x123457000, 0],
      [0x123456000, 1],
      [6480 * 2 * MIB, 8],
      [0, 0],
    ] as const) {
      expect(trace(tree, address, order)).toEqual([])
    }
    expect(trace({ ...tree, root: { addresses: [] } }, 0x123456000, 0)).toEqual([])
  })

  it('leads to nothing where the dump lacks a node, and has no coverage then', () => {
    const { trace, coverage } = trackerOf('radix-tree')
    const cut = { ...tree, memory: memoryOf(TREE.filter(([at]) => at < 0x60000)) }
    expect(trace(cut, 0x123456000, 0)).toEqual([])
    expect(tree.decode.nodes.map(node => coverage(cut, node) !== null)).toEqual(
      tree.decode.nodes.map(({ address }) => address < 0x60000),
    )
  })

  it('of 16K pages is told from one that is a level short by the slot of the root FDT', () => {
    const geo = geometry(14)
    const told = (words: readonly Word[], depth?: number) => {
      const options = { geometry: geo, ...(depth === undefined ? {} : { depth }) }
      return trackerOf('radix-tree').recognise(memoryOf(words, 14), { addresses: [0x10000] }, options).verdict
    }
    const cases: [Word[], string, string][] = [
      [[[0x10008, 1]], 'maybe', 'maybe'],
      [[[0x10000, 1]], 'no', 'yes'],
      // Slot 2 is that of a range from pfn 0; slot 3 no key has.
      [
        [
          [0x10008, 1],
          [0x10010, 1],
        ],
        'maybe',
        'maybe',
      ],
      [
        [
          [0x10008, 1],
          [0x10018, 1],
        ],
        'no',
        'yes',
      ],
      [
        [
          [0x10008, 1],
          [0x13ff8, 1],
        ],
        'no',
        'yes',
      ],
      [[[0x20000, 1]], 'maybe', 'maybe'],
    ]
    expect(cases.map(([words]) => [told(words), told(words, 4)])).toEqual(
      cases.map(([, full, short]) => [full, short]),
    )
    const plain = trackerOf('radix-tree').recognise(
      memoryOf([[0x10000, 1]]),
      { addresses: [0x10000] },
      { geometry: GEO },
    )
    expect(plain).toEqual({ verdict: 'maybe', why: 'trees of these pages have 6 levels' })
  })

  it('of 16K pages that is a level short has bare page numbers up to the end of RAM, and keys above', () => {
    // A leaf of 131,072 bits; RAM of 40 pages. The root's slot 0 leads to all keys below 2^39.
    const short: Word[] = [
      [0x10000, 0x20000],
      [0x20000, 0x30000],
      [0x30000, 0x40000],
      [0x40000, (1n << 33n) | (1n << 39n)],
      [0x40008, 0],
    ]
    const options = { geometry: geometry(14), depth: 4, ramEnd: 40 * 2 ** 14 }
    const found = reading('radix-tree', short, options)
    expect(listBlocks(found.decode.pages)).toEqual(
      [33, 39].map(page => ({ address: page * 2 ** 14, order: 0 })),
    )
    expect(found.decode.faults.map(({ message }) => message.slice(0, 14))).toEqual(['2 order-0 keys'])
    expect(rows(found.decode)).toEqual([
      [0x10000, 'table', 3, null, null, 2 ** 14],
      [0x20000, 'table', 2, null, null, 2 ** 14],
      [0x30000, 'table', 1, null, null, 2 ** 14],
      [0x40000, 'leaf', 0, 0, 0, 2 ** 14],
    ])
    expect(way(trackerOf('radix-tree').trace(found, 33 * 2 ** 14, 0)).at(-1)).toEqual(['@0x40000', null, 33])
    const above = reading('radix-tree', [...short.slice(0, 4), [0x40000, (1n << 33n) | (1n << 40n)]], options)
    expect(listBlocks(above.decode.pages)).toEqual([{ address: 33 * 2 ** 14, order: 0 }])
    expect(above.decode.faults.map(({ code, message }) => [code, message.slice(0, 24)])).toEqual([
      ['RADIX-DEPTH-16K', '1 order-0 keys without t'],
      ['RADIX-KEY', 'key 40 stands for order '],
    ])
  })
})

describe('page tables', () => {
  const words: Word[] = [
    [0x10000, 0x20000],
    [0x20000, 0x30000],
    [0x30120, 0x40000],
    [0x40000 + 1672, 1n << 22n],
    [0x50000, 0x60000],
    [0x60000, 0x70000],
    [0x70000, 0x80000],
    [0x80000 + 808, 1n << 16n],
  ]
  const tables = reading('page-table', words, {}, [0x10000, 0, 0, 0, 0, 0, 0, 0, 0, 0x50000])

  it('reach less the lower they are, and more the higher their order', () => {
    expect(
      shown('page-table', tables).map(({ at, order, range, unit, used, of }) => [
        at,
        order,
        range,
        unit,
        used,
        of,
      ]),
    ).toEqual([
      [0x10000, 0, [0, 2 ** 54], 'slots', 1, 512],
      [0x20000, 0, [0, 2 ** 45], 'slots', 1, 512],
      [0x30000, 0, [0, 2 ** 36], 'slots', 1, 512],
      [0x40000, 0, [0x120000000, 0x128000000], 'blocks', 1, 32768],
      [0x50000, 9, [0, 2 ** 63], 'slots', 1, 512],
      [0x60000, 9, [0, 2 ** 54], 'slots', 1, 512],
      [0x70000, 9, [0, 2 ** 45], 'slots', 1, 512],
      [0x80000, 9, [0, 2 ** 36], 'blocks', 1, 32768],
    ])
    expect(
      shown('page-table', tables)
        .slice(2, 4)
        .map(({ pieces }) => pieces),
    ).toEqual([
      [{ kind: 'table', address: 0x30000, count: 512 }],
      [{ kind: 'bits', address: 0x40000, size: 4096, order: 0, first: 0x120000 }],
    ])
  })

  it('are followed in the tree of the order', () => {
    const { trace } = trackerOf('page-table')
    expect(way(trace(tables, 0x123456000, 0))).toEqual([
      ['@0x10000', 0, null],
      ['@0x20000', 0, null],
      ['@0x30000', 36, null],
      ['@0x40000', null, 13398],
    ])
    expect(way(trace(tables, 6480 * 2 * MIB, 9)).at(-1)).toEqual(['@0x80000', null, 6480])
    for (const [address, order] of [
      [0x123457000, 0],
      [6480 * 2 * MIB, 8],
      [6480 * 2 * MIB, 0],
      [0, 11],
    ] as const)
      expect(trace(tables, address, order)).toEqual([])
    expect(way(trackerOf('mail-table').trace(tables, 0x123456000, 9)).at(-1)).toEqual([
      '@0x40000',
      null,
      13398,
    ])
  })

  it('are told by the number of addresses', () => {
    const told = (addresses: number[]) =>
      trackerOf('page-table').recognise(memoryOf([]), { addresses }, { geometry: GEO })
    expect([told([1]).verdict, told([1, 2]).verdict]).toEqual(['no', 'yes'])
  })
})
