import { describe, expect, it } from 'vitest'
import { buildFdt, type FdtNodeSpec, nativeU64Bytes, parseFdt } from '../../../formats/fdt/index.js'
import { listRanges } from '../../../formats/pages/runs.js'
import { trackerOf } from '../../../formats/trackers/index.js'
import type { TrackerReading } from '../../../formats/trackers/tracker.js'
import { GEO, memoryOf, reading, shown, type Word, way } from './hand.js'

/*
 * How a tracker is told from others, what its nodes are and stand for, and the way down to a bit: worked by hand, for words
 * put down by hand.
 */

const MIB = 2 ** 20

describe('a chunk list', () => {
  const words: Word[] = [
    [0x10000, 0x20000],
    [0x10008, 3n << 32n],
    [0x10010, 0x120000000],
    [0x10018, 0x30000],
    [0x10020, 2 ** 53],
    [0x10028, 0x31000],
    [0x10030, 0x100000000],
    [0x10038, 0x31000],
    [0x20008, (1n << 32n) | 9n],
    [0x20018, 0x32000],
    [0x30000 + 1672, 1n << 22n],
    [0x31000, 1],
    [0x32000 + 808, 1n << 16n],
  ]
  const list = reading('chunk-list', words)

  it('has chunks from their first bitmap to the end of their last, and bitmaps', () => {
    const chunk = (at: number, count: number) => [
      { kind: 'struct', address: at, struct: 'khoser_mem_chunk' },
      { kind: 'records', address: at + 16, struct: 'khoser_mem_bitmap_ptr', count },
    ]
    const bitmap = (at: number, order: number, first: number) => {
      const size = 4096 * 2 ** order
      const range = [first * size, (first + 32768) * size]
      return {
        at,
        order,
        range,
        unit: 'blocks',
        used: 1,
        of: 32768,
        pieces: [{ kind: 'bits', address: at, size: 4096, order, first }],
      }
    }
    expect(shown('chunk-list', list)).toEqual([
      {
        at: 0x10000,
        order: 0,
        range: [0x100000000, 0x128000000],
        unit: 'entries',
        used: 3,
        of: 255,
        pieces: chunk(0x10000, 3),
      },
      bitmap(0x30000, 0, 0x120000),
      bitmap(0x31000, 0, 0x100000),
      {
        at: 0x20000,
        order: 9,
        range: [0, 2 ** 36],
        unit: 'entries',
        used: 1,
        of: 255,
        pieces: chunk(0x20000, 1),
      },
      bitmap(0x32000, 9, 0),
    ])
    const [first] = list.decode.nodes
    const absent = { ...list, memory: memoryOf([]) }
    expect([
      trackerOf('chunk-list').pieces(absent, first!),
      trackerOf('chunk-list').coverage(absent, first!),
    ]).toEqual([[], null])
  })

  it('has no memory where it names none, or blocks of order -1', () => {
    const of = (order: bigint, count: bigint) =>
      shown(
        'chunk-list',
        reading('chunk-list', [
          [0x10008, order | (count << 32n)],
          [0x10018, 0x20000],
          [0x20000, 1],
        ]),
      )
    expect(of(0n, 0n).map(({ range, used }) => [range, used])).toEqual([[null, 0]])
    expect(of(0xffffffffn, 1n).map(({ range, used, order }) => [range, used, order])).toEqual([
      [null, 1, 0xffffffff],
      [null, 1, 0xffffffff],
    ])
    // Blocks of 2^52 bytes are no blocks: their bits have no order. A record may say 2^32 of them, which no number is.
    for (const order of [40n, 1100n, 4101n]) {
      const [chunk, bits] = of(order, 1n)
      expect(chunk).toMatchObject({ range: null, order: Number(order), used: 1 })
      expect(bits).toMatchObject({ range: null, pieces: [{ order: null, first: null }] })
    }
    expect(of(39n, 1n)[0]).toMatchObject({ range: [0, 2 ** 66] })
    expect(of(39n, 1n)[1]).toMatchObject({ range: [0, 2 ** 66], pieces: [{ order: 39, first: 0 }] })
  })

  it('is followed from chunk to chunk', () => {
    const { trace } = trackerOf('chunk-list')
    expect(way(trace(list, 0x123456000, 0))).toEqual([
      ['@0x10000', 0, null],
      ['@0x30000', null, 13398],
    ])
    expect(way(trace(list, 6480 * 2 * MIB, 9))).toEqual([
      ['@0x10000', null, null],
      ['@0x20000', 0, null],
      ['@0x32000', null, 6480],
    ])
    expect(way(trace(list, 0x100000000, 0))[0]).toEqual(['@0x10000', 2, null])
    for (const [address, order] of [
      [0x123457000, 0],
      [0x123456000, 9],
      [0x108000000, 0],
      [0xfffff000, 0],
    ] as const)
      expect(trace(list, address, order)).toEqual([])
  })

  it('is followed into no bitmap but the one that spans the block, though its neighbours have the bit', () => {
    // The second entry has its bitmap in front of the first one: the last bit of it is bit -1 of the other.
    const words: Word[] = [
      [0x10008, 2n << 32n],
      [0x10010, 2 ** 24],
      [0x10018, 0x20200],
      [0x10028, 0x20000],
      [0x20000 + 504, 1n << 63n],
      [0x20200, 1],
    ]
    const small = reading('chunk-list', words, { bitmapBytes: 512 })
    const { trace } = trackerOf('chunk-list')
    expect(way(trace(small, 4095 * 4096, 0))).toEqual([
      ['@0x10000', 1, null],
      ['@0x20000', null, 4095],
    ])
    expect(way(trace(small, 2 ** 24, 0))).toEqual([
      ['@0x10000', 0, null],
      ['@0x20200', null, 0],
    ])
    const high = reading('chunk-list', [
      [0x10008, (1n << 32n) | 9n],
      [0x10018, 0x20000],
      [0x20000, 1],
    ])
    expect([trace(high, 0, 9).length, trace(high, 0, 0), trace(high, 0, 8)]).toEqual([2, [], []])
  })

  it('of page-size bitmaps is told by where they lie and begin', () => {
    const told = (start: number, bitmap: number, order = 0, next = 0) => {
      const words: Word[] = [
        [0x10000, next],
        [0x10008, (1n << 32n) | BigInt(order)],
        [0x10010, start],
        [0x10018, bitmap],
      ]
      const of = (bitmapBytes?: number) =>
        trackerOf('chunk-list').recognise(
          memoryOf(words),
          { addresses: [0x10000] },
          { geometry: GEO, ...(bitmapBytes && { bitmapBytes }) },
        )
      expect(of(512).why).toBe(of().why)
      return [of().verdict, of(512).verdict, of().why]
    }
    const fits = 'every bitmap is page aligned and begins at a multiple of its span'
    expect(told(2 ** 27, 0x20000)).toEqual(['maybe', 'maybe', fits])
    expect(told(2 ** 27, 0x20200)).toEqual(['no', 'yes', '1 bitmaps are not page aligned'])
    const inside = '1 bitmaps begin inside the span of a page-size bitmap'
    expect(told(2 ** 24, 0x20000)).toEqual(['no', 'yes', inside])
    expect(told(2 ** 27, 0x20000, 1)).toEqual(['no', 'yes', inside])
    // A list with a bad pointer was overwritten: it says nothing of who wrote it, nor does an order that no writer has.
    expect(told(2 ** 24, 0x20000, 0, 0x10001)).toEqual(['maybe', 'maybe', inside])
    expect(told(2 ** 24, 0x20000, 52)).toEqual(['maybe', 'maybe', fits])
    expect(told(2 ** 24, 0x20000, 51)).toEqual(['no', 'yes', inside])
    const none = trackerOf('chunk-list').recognise(
      memoryOf([[0x10008, 0]]),
      { addresses: [0x10000] },
      { geometry: GEO },
    )
    expect(none).toEqual({ verdict: 'maybe', why: 'the list names no bitmap' })
  })
})

describe('a list of ranges', () => {
  const words: Word[] = [
    [0x10000, 0x20000],
    [0x10008, 2],
    [0x10010, 0x8000],
    [0x10018, 0x2000],
    [0x10028, 0x4000],
    [0x10030, 0x1000],
    [0x20008, 1],
    [0x20010, 0x20000000],
    [0x20018, 0x1000],
  ]
  const list = reading('range-list', words)

  it('has chunks from their lowest byte to their highest', () => {
    const chunk = (at: number, count: number) => [
      { kind: 'struct', address: at, struct: 'khoser_mem_chunk' },
      { kind: 'records', address: at + 16, struct: 'khoser_mem_range', count },
    ]
    expect(shown('range-list', list)).toEqual([
      {
        at: 0x10000,
        order: null,
        range: [0x4000, 0xa000],
        unit: 'entries',
        used: 2,
        of: 170,
        pieces: chunk(0x10000, 2),
      },
      {
        at: 0x20000,
        order: null,
        range: [0x20000000, 0x20001000],
        unit: 'entries',
        used: 1,
        of: 170,
        pieces: chunk(0x20000, 1),
      },
    ])
    const absent = { ...list, memory: memoryOf([]) }
    const { pieces, coverage, trace } = trackerOf('range-list')
    expect([pieces(absent, list.decode.nodes[0]!), coverage(absent, list.decode.nodes[0]!)]).toEqual([
      [],
      null,
    ])
    expect(trace(absent, 0x8000, 0)).toEqual([])
    expect(shown('range-list', reading('range-list', [[0x10008, 0]]))).toMatchObject([
      { range: null, used: 0 },
    ])
  })

  it('is followed to the range that has an address', () => {
    const { trace } = trackerOf('range-list')
    const at = (address: number) => way(trace(list, address, 0))
    expect([at(0x8000), at(0x9000), at(0x4000)]).toEqual([
      [['@0x10000', 0, null]],
      [['@0x10000', 0, null]],
      [['@0x10000', 1, null]],
    ])
    expect(at(0x20000000)).toEqual([
      ['@0x10000', null, null],
      ['@0x20000', 0, null],
    ])
    expect([at(0x7000), at(0xa000), at(0x5000), at(0x20001000)]).toEqual([[], [], [], []])
  })

  it('is told by its count', () => {
    const told = (count: number | bigint) =>
      trackerOf('range-list').recognise(
        memoryOf([[0x10008, count]]),
        { addresses: [0x10000] },
        { geometry: GEO },
      ).verdict
    expect([0, 1, 170, 171, 1n << 32n].map(told)).toEqual(['no', 'yes', 'yes', 'no', 'no'])
    for (const root of [0, 0x7000, 2 ** 52])
      expect(
        trackerOf('range-list').recognise(
          memoryOf([
            [0, 1n],
            [8, 1],
          ]),
          { addresses: [root] },
          { geometry: GEO },
        ).verdict,
      ).toBe('no')
    expect(
      trackerOf('range-list').recognise(memoryOf([[8, 1]]), { addresses: [] }, { geometry: GEO }).verdict,
    ).toBe('no')
  })
})

describe('an array', () => {
  const words: Word[] = [
    [0x10000, 0x4b415252],
    [0x10008, 0x20000],
    [0x20010, 0xffff_8880_0003_0000n],
    [0x20020, 0xffff_8880_0003_0020n],
    [0x30000, 2 ** 24 * 3],
    [0x30010, 0x40200],
    [0x30020, 0],
    [0x30028, 9],
    [0x30030, 0x40000],
    [0x40000, 1n << 40n],
    [0x40208, 2],
  ]
  const array = reading('kho-array', words)

  it('has a header, pages of entries, elements and bitmaps', () => {
    const bits = (address: number, order: number, first: number) => [
      { kind: 'bits', address, size: 512, order, first },
    ]
    const struct = (address: number, struct: string) => ({ kind: 'struct', address, struct })
    const none = { order: null, range: null, unit: null, used: null, of: null }
    const first = { order: 0, range: [3 * 2 ** 24, 4 * 2 ** 24] }
    const second = { order: 9, range: [0, 2 ** 33] }
    expect(shown('kho-array', array)).toEqual([
      { at: 0x10000, ...none, pieces: [struct(0x10000, 'kho_array')] },
      {
        ...{ at: 0x20000, order: null, range: null, unit: 'entries', used: 2, of: 510 },
        pieces: [struct(0x20000, 'kho_array_page'), { kind: 'virtual', address: 0x20010, count: 510 }],
      },
      {
        at: 0x30000,
        ...first,
        unit: 'entries',
        used: 1,
        of: 1,
        pieces: [struct(0x30000, 'kho_mem_phys_elm')],
      },
      { at: 0x40200, ...first, unit: 'blocks', used: 1, of: 4096, pieces: bits(0x40200, 0, 3 * 4096) },
      {
        at: 0x30020,
        ...second,
        unit: 'entries',
        used: 1,
        of: 1,
        pieces: [struct(0x30020, 'kho_mem_phys_elm')],
      },
      { at: 0x40000, ...second, unit: 'blocks', used: 1, of: 4096, pieces: bits(0x40000, 9, 0) },
    ])
    const absent = { ...array, memory: memoryOf([]) }
    expect(trackerOf('kho-array').coverage(absent, array.decode.nodes[1]!)).toBeNull()
  })

  it('is followed from the element to the bit', () => {
    const { trace } = trackerOf('kho-array')
    expect(way(trace(array, 3 * 2 ** 24 + 65 * 4096, 0))).toEqual([
      ['@0x30000', null, null],
      ['@0x40200', null, 65],
    ])
    expect(way(trace(array, 40 * 2 * MIB, 9))).toEqual([
      ['@0x30020', null, null],
      ['@0x40000', null, 40],
    ])
    for (const [address, order] of [
      [3 * 2 ** 24, 0],
      [40 * 2 * MIB, 8],
      [2 * 2 ** 24, 0],
      [4 * 2 ** 24, 0],
    ] as const)
      expect(trace(array, address, order)).toEqual([])
    expect(
      trace({ ...array, memory: memoryOf(words.filter(([at]) => at < 0x30000)) }, 40 * 2 * MIB, 9),
    ).toEqual([])
  })

  it('is followed only to bits that the dump has', () => {
    const { trace } = trackerOf('kho-array')
    // Page 0 has every bit set, and is no bitmap of an element that is not there.
    const zeros: Word[] = [...words.filter(([at]) => at < 0x30000), [0, 2n ** 64n - 1n]]
    expect(trace({ ...array, memory: memoryOf(zeros) }, 3 * 2 ** 24, 0)).toEqual([])
  })

  it('is told by its magic number and version', () => {
    const told = (value: bigint, root = 0x10000) =>
      trackerOf('kho-array').recognise(memoryOf([[0x10000, value]]), { addresses: [root] }, { geometry: GEO })
        .verdict
    expect([told(0x4b415252n), told(0x1_4b41_5252n), told(0x4b415253n), told(0x4b415252n, 0x7000)]).toEqual([
      'yes',
      'no',
      'no',
      'no',
    ])
  })
})

describe('arrays in the root', () => {
  const mem = (...values: bigint[]) => ({ name: 'mem', value: nativeU64Bytes(...values) })
  const children: FdtNodeSpec[] = [
    {
      name: 'a',
      properties: [mem(0x4000n, 0x2000n, 0x9800n, 0x800n)],
      children: [{ name: 'b', properties: [mem(0x20000n, 0x1000n)] }],
    },
    { name: 'c', properties: [{ name: 'mem', value: new Uint8Array(24).fill(1) }] },
    { name: 'd', properties: [mem(0x40000n, 0x1000n)] },
  ]
  const tracker = trackerOf('mem-array')
  const root = tracker.locate(parseFdt(buildFdt({ children })).root, { node: null, property: 'mem' })!
  const options = { geometry: GEO }
  const array: TrackerReading = {
    memory: memoryOf([]),
    root,
    options,
    decode: tracker.decode(memoryOf([]), root, options),
  }

  it('are those of any node, where their length is that of pairs', () => {
    expect(listRanges(array.decode.pages).map(({ start, end }) => [start, end])).toEqual([
      [0x4000, 0x6000],
      [0x9000, 0xa000],
      [0x20000, 0x21000],
      [0x40000, 0x41000],
    ])
    expect(array.decode.nodes).toEqual([])
    expect(tracker.recognise(memoryOf([]), root, options).verdict).toBe('yes')
    expect(
      tracker.locate(parseFdt(buildFdt({ children: [{ name: 'a' }] })).root, { node: null, property: 'mem' }),
    ).toBeNull()
  })

  it('are followed to the pair that has a page', () => {
    const at = (address: number) => way(tracker.trace(array, address, 0))
    expect([at(0x4000), at(0x5000), at(0x9000), at(0x20000), at(0x40000)]).toEqual([
      [['fdt/a/mem', 0, null]],
      [['fdt/a/mem', 0, null]],
      [['fdt/a/mem', 1, null]],
      [['fdt/a/b/mem', 0, null]],
      [['fdt/d/mem', 0, null]],
    ])
    expect([at(0x3000), at(0x6000), at(0xa000), at(0x41000)]).toEqual([[], [], [], []])
    expect(tracker.trace({ ...array, root: { addresses: [] } }, 0x4000, 0)).toEqual([])
  })
})
