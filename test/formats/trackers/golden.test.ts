import { describe, expect, it } from 'vitest'
import { encoderOf } from '../../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { chunkCapacity, chunkList } from '../../../formats/trackers/chunk-list/index.js'
import { pageTable } from '../../../formats/trackers/page-table/index.js'
import { radixShape, radixTree, shortDepth } from '../../../formats/trackers/radix-tree/index.js'

/*
 * Vectors worked by hand from the formulas of the kernel's headers: never from this package's own encoders. There is no
 * image of a kernel that wrote kho-v3, so these are what kho-v3 rests on.
 */

const RAM = [{ start: 0, end: 2 ** 32 }]
const builder = (shift: PageShift) => createMemoryBuilder({ geometry: geometry(shift), ram: RAM })
const put = (target: MemoryBuilder, address: number, offset: number, value: number) =>
  viewOf(target.place(address, 1).bytes).setBigUint64(offset, BigInt(value), true)

/** Tables one above the other, each with one slot used, and a bitmap with one bit below the last. */
function chain(shift: PageShift, slots: number[], bit: number) {
  const memory = builder(shift)
  const page = 2 ** shift
  const at = (i: number) => (i + 16) * 65536
  for (const [i, slot] of slots.entries()) put(memory, at(i), slot * 8, at(i + 1))
  memory.place(at(slots.length), 1).bytes[bit >>> 3] = 1 << (bit & 7)
  expect(Math.max(...slots) * 8).toBeLessThan(page)
  return { memory: memory.memory(), root: { addresses: [at(0)] }, options: { geometry: geometry(shift) }, at }
}

type Row = [PageShift, number, number, number[], number]

const RADIX: Row[] = [
  [12, 0x123456000, 0, [2, 0, 0, 0, 36], 13398],
  [12, 0x40be16000, 0, [2, 0, 0, 0, 129], 15894],
  [12, 0x0, 0, [2, 0, 0, 0, 0], 0],
  [12, 0x8000, 3, [0, 128, 0, 0, 0], 1],
  [12, 0x40000000, 9, [0, 2, 0, 0, 0], 512],
  [12, 0x100200000, 9, [0, 2, 0, 0, 0], 2049],
  [12, 0x7fc00000, 10, [0, 1, 0, 0, 0], 511],
  [12, 0x800000000, 18, [0, 0, 2, 0, 0], 32],
  [12, 0xffffffffff000, 0, [2, 0, 127, 511, 511], 32767],
  [14, 0x123458000, 0, [1, 0, 0, 2], 36118],
  [14, 0x8000, 1, [0, 1024, 0, 0], 1],
  [14, 0x42000000, 11, [0, 1, 0, 0], 33],
  [16, 0x123450000, 0, [8, 0, 0], 74565],
  [16, 0x20000, 1, [4, 0, 0], 1],
  [16, 0x60000000, 13, [0, 8, 0], 3],
]

describe('radix tree', () => {
  it.each([
    [12, 52, 9, 15, 6, 6],
    [14, 50, 11, 17, 5, 4],
    [16, 48, 13, 19, 4, 4],
  ] as const)(
    'page shift %i has the constants of the header',
    (shift, order0, tableLog2, bitmapLog2, depth, short) => {
      expect(radixShape(geometry(shift))).toEqual({ order0, tableLog2, bitmapLog2, depth })
      expect(shortDepth(geometry(shift))).toBe(short)
    },
  )

  it.each(RADIX)('page shift %i: %i of order %i is slots %j, bit %i', (shift, address, order, slots, bit) => {
    const { memory, root, options, at } = chain(shift, slots, bit)
    const decode = radixTree.decode(memory, root, options)
    expect(decode.faults).toEqual([])
    expect(listBlocks(decode.pages)).toEqual([{ address, order }])
    expect(decode.nodes.map(node => [node.address, node.level])).toEqual(
      [...slots, 0].map((_, i) => [at(i), slots.length - i]),
    )
  })

  it.each(RADIX)(
    'page shift %i: the encoder puts %i of order %i into slots %j, bit %i',
    (shift, address, order, slots, bit) => {
      const memory = builder(shift)
      const writer = encoderOf('kho-v3').createWriter(memory, { geometry: geometry(shift) })
      writer.preserve(address, order)
      let node = writer.finish().addresses[0]!
      const read = (address: number) => {
        const page = memory.memory().read(address, 2 ** shift)
        if (!page.ok) throw new Error('not written')
        return page.bytes
      }
      for (const slot of slots) node = u64(viewOf(read(node)), slot * 8)
      const leaf = read(node)
      expect(leaf[bit >>> 3]).toBe(1 << (bit & 7))
    },
  )

  it('counts a page that points at itself once, and says so', () => {
    const memory = builder(12)
    for (let slot = 0; slot < 512; slot++) put(memory, 0x10000, slot * 8, 0x10000)
    const decode = radixTree.decode(memory.memory(), { addresses: [0x10000] }, { geometry: geometry(12) })
    expect(decode.nodes).toHaveLength(1)
    const codes = new Set(decode.faults.map(fault => fault.code))
    expect([...codes].sort()).toEqual(['RADIX-CYCLE', 'RADIX-ROOT-INDEX'])
  })

  it('walks a table that two slots share once, and says so', () => {
    const { memory, root, options, at } = chain(12, [2, 0, 0, 0, 36], 5)
    viewOf((memory.read(at(1), 4096) as { bytes: Uint8Array }).bytes).setBigUint64(8, BigInt(at(2)), true)
    const decode = radixTree.decode(memory, root, options)
    expect(decode.faults.map(fault => fault.code)).toEqual(['RADIX-SHARED-NODE'])
    expect(listBlocks(decode.pages)).toHaveLength(1)
  })

  it.each([
    [12, [4, 0, 0, 0, 0]],
    [14, [2, 0, 0, 0]],
    [16, [16, 0, 0]],
  ] as [PageShift, number[]][])(
    'page shift %i: names the bug that records a range at pfn 0 as order -1',
    (shift, slots) => {
      const { memory, root, options } = chain(shift, slots, 0)
      const decode = radixTree.decode(memory, root, options)
      expect(decode.faults.map(fault => fault.code)).toEqual(['PFN0-ORDER'])
      expect(listBlocks(decode.pages)).toEqual([])
      expect(decode.badPointers).toBe(0)
    },
  )

  it.each([
    ['unaligned', 0x20008, 'RADIX-POINTER'],
    ['at 2^52', 2 ** 52, 'RADIX-POINTER'],
    ['outside the dump', 0x900000, 'RADIX-NODE-ABSENT'],
  ])('says that a pointer is %s', (_, pointer, code) => {
    const memory = builder(12)
    put(memory, 0x10000, 16, pointer)
    const decode = radixTree.decode(memory.memory(), { addresses: [0x10000] }, { geometry: geometry(12) })
    expect(decode.faults.map(fault => fault.code)).toEqual([code])
  })

  it('says that keys 0 and 1 are no blocks', () => {
    const { memory, root, options, at } = chain(12, [0, 0, 0, 0, 0], 0)
    ;(memory.read(at(5), 1) as { bytes: Uint8Array }).bytes[0] = 3
    const decode = radixTree.decode(memory, root, options)
    expect(decode.faults.map(fault => fault.message)).toEqual([
      'key 0 has no order bit: its order and address are undefined',
      'key 1 stands for order 52, larger than any memory',
    ])
    expect(listBlocks(decode.pages)).toEqual([])
  })
})

const CHUNK: [PageShift, number, number, number, number, number][] = [
  [12, 512, 0x123456000, 0, 0x123000000, 1110],
  [12, 4096, 0x123456000, 0, 0x120000000, 13398],
  [12, 512, 0x32a000000, 9, 0x200000000, 2384],
  [12, 4096, 0x32a000000, 9, 0, 6480],
  [14, 512, 0x123458000, 0, 0x120000000, 3350],
  [14, 16384, 0x123458000, 0, 0x100000000, 36118],
  [16, 512, 0x123450000, 0, 0x120000000, 837],
  [16, 65536, 0x123450000, 0, 0, 74565],
]

describe('chunk list', () => {
  it.each([
    [12, 255],
    [14, 1023],
    [16, 4095],
  ] as const)('page shift %i has %i entries a chunk', (shift, count) => {
    expect(chunkCapacity(geometry(shift))).toBe(count)
  })

  it.each(CHUNK)(
    'page shift %i, bitmaps of %i bytes: %i of order %i begins at %i, bit %i',
    (shift, bitmapBytes, address, order, physStart, bit) => {
      const memory = builder(shift)
      const view = viewOf(memory.place(0x100000, 1).bytes)
      view.setUint32(8, order, true)
      view.setUint32(12, 1, true)
      view.setBigUint64(16, BigInt(physStart), true)
      view.setBigUint64(24, 0x200000n, true)
      memory.place(0x200000, 1).bytes[bit >>> 3] = 1 << (bit & 7)
      const decode = chunkList.decode(
        memory.memory(),
        { addresses: [0x100000] },
        { geometry: geometry(shift), bitmapBytes },
      )
      expect(decode.faults).toEqual([])
      expect(listBlocks(decode.pages)).toEqual([{ address, order }])
    },
  )

  it.each([
    ['that comes back', { next: 0x100000 }, 'CHUNK-CYCLE'],
    ['whose next is not page aligned', { next: 0x100008 }, 'CHUNK-POINTER'],
    ['whose next is not in the dump', { next: 0x900000 }, 'CHUNK-ABSENT'],
    ['with more entries than fit', { count: 256, bitmap: 0x200000 }, 'CHUNK-NUM-ELMS'],
    ['with a NULL bitmap', { bitmap: 0 }, 'CHUNK-BITMAP-POINTER'],
    ['with a bitmap that is not in the dump', { bitmap: 0x900000 }, 'CHUNK-BITMAP-ABSENT'],
    ['with a start that is no address', { start: 2 ** 52 }, 'CHUNK-START'],
    ['with a start inside a block', { start: 0x800 }, 'CHUNK-START-ALIGN'],
    ['with a start inside a span', { start: 0x1000 }, 'CHUNK-START-SPAN'],
    ['with an order beyond memory', { order: 41 }, 'CHUNK-ORDER'],
    ['with order 0xffffffff', { order: 0xffffffff }, 'PFN0-ORDER'],
  ] as const)('says what is wrong with a chunk %s', (_, change, code) => {
    const values = { next: 0, order: 0, count: 1, start: 0, bitmap: 0x200000, ...change }
    const memory = builder(12)
    const view = viewOf(memory.place(0x100000, 1).bytes)
    view.setBigUint64(0, BigInt(values.next), true)
    view.setUint32(8, values.order, true)
    view.setUint32(12, values.count, true)
    view.setBigUint64(16, BigInt(values.start), true)
    view.setBigUint64(24, BigInt(values.bitmap), true)
    memory.place(0x200000, 1).bytes[0] = 1
    const decode = chunkList.decode(memory.memory(), { addresses: [0x100000] }, { geometry: geometry(12) })
    expect(decode.faults.map(fault => fault.code)).toContain(code)
  })
})

const TABLE: [number, number, number[], number][] = [
  [0x123456000, 0, [0, 0, 36], 13398],
  [0xffffffffff000, 0, [127, 511, 511], 32767],
  [0x32a000000, 9, [0, 0, 0], 6480],
  [0x4000000000, 0, [0, 4, 0], 0],
  [0x4000000000, 9, [0, 0, 4], 0],
]

describe('per-order page tables', () => {
  it.each(TABLE)('%i of order %i is slots %j, bit %i', (address, order, slots, bit) => {
    const { memory, root, options } = chain(12, slots, bit)
    const addresses = Array.from({ length: 11 }, (_, i) => (i === order ? root.addresses[0]! : 0))
    const decode = pageTable.decode(memory, { addresses }, options)
    expect(decode.faults).toEqual([])
    expect(listBlocks(decode.pages)).toEqual([{ address, order }])
  })

  it('refuses a descriptor with reserved bits', () => {
    const memory = builder(12)
    put(memory, 0x10000, 0, 0x20001)
    const decode = pageTable.decode(memory.memory(), { addresses: [0x10000] }, { geometry: geometry(12) })
    expect(decode.faults.map(fault => fault.code)).toEqual(['TABLE-POINTER'])
  })
})
