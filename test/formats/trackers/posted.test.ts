import { describe, expect, it } from 'vitest'
import { buildFdt, findChild, findProperty, nativeU64Bytes, parseFdt } from '../../../formats/fdt/index.js'
import {
  type AbiName,
  abiOf,
  encoderOf,
  locateTracker,
  trackerOptions,
} from '../../../formats/kernels/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { listBlocks, listRanges } from '../../../formats/pages/runs.js'
import { trackerOf } from '../../../formats/trackers/index.js'

/*
 * Layouts that were only posted, worked by hand from the mails: what their encoders write, word for word, and what their
 * decoders make of words that were put down by hand.
 */

const GEO = geometry(12)
const RAM = [{ start: 0, end: 2 ** 32 }]
const builder = () => createMemoryBuilder({ geometry: GEO, ram: RAM })

/** What an encoder wrote for some blocks, and a reader of its words. */
function written(abi: AbiName, blocks: readonly (readonly [number, number])[]) {
  const memory = builder()
  const encoder = encoderOf(abi)
  const writer = encoder.createWriter(memory, trackerOptions(abi, GEO))
  for (const [address, order] of blocks) writer.preserve(address, order)
  const fdt = parseFdt(buildFdt({ ...encoder.attach(writer.finish()) }))
  const bytes = (address: number, length: number) => {
    const read = memory.memory().read(address, length)
    if (!read.ok) throw new Error('not written')
    return read.bytes
  }
  const word = (address: number) => u64(viewOf(bytes(address, 8)), 0)
  const half = (address: number) => viewOf(bytes(address, 4)).getUint32(0, true)
  return { fdt, bytes, word, half }
}

/** Decodes words put down by hand, with the property of a layout leading to 0x10000. */
function decoded(abi: AbiName, words: readonly (readonly [number, bigint])[], bits: [number, number][] = []) {
  const memory = builder()
  for (const [address, value] of words)
    viewOf(memory.place(address - (address % 4096), 1).bytes).setBigUint64(address % 4096, value, true)
  for (const [bitmap, bit] of bits)
    memory.place(bitmap - (bitmap % 4096), 1).bytes[(bitmap % 4096) + (bit >>> 3)] = 1 << (bit & 7)
  const { map, tracker } = abiOf(abi)
  const properties = [{ name: map.property, value: nativeU64Bytes(0x10000n) }]
  const spec = map.node === null ? { properties } : { children: [{ name: map.node, properties }] }
  const root = locateTracker(abi, parseFdt(buildFdt(spec)).root)
  if (root === null) throw new Error('no root')
  return trackerOf(tracker).decode(memory.memory(), root, trackerOptions(abi, GEO))
}

describe('mail-table', () => {
  it.each([
    [0x123456000, [0, 0, 36], 13398],
    [0x4000000000, [0, 4, 0], 0],
    [0xffffffffff000, [127, 511, 511], 32767],
  ])('puts the page at %i into slots %j, bit %i, and reads it there', (address, slots, bit) => {
    const { fdt, word, bytes } = written('mail-table', [[address, 0]])
    const property = findProperty(findChild(fdt.root, 'preserved-memory')!, 'table')!
    let node = u64(viewOf(property.value), 0)
    for (const slot of slots) node = word(node + slot * 8)
    expect(bytes(node, 4096)[bit >>> 3]).toBe(1 << (bit & 7))
    const tables = [0x10000, 0x20000, 0x30000, 0x40000]
    const links = slots.map((slot, n) => [tables[n]! + slot * 8, BigInt(tables[n + 1]!)] as const)
    const decode = decoded('mail-table', links, [[0x40000, bit]])
    expect(decode.faults).toEqual([])
    expect(listBlocks(decode.pages)).toEqual([{ address, order: 0 }])
  })

  it('knows no orders: a block is its pages, over the border of bitmaps too', () => {
    const { fdt, word, bytes } = written('mail-table', [[2 ** 27, 15]])
    const root = locateTracker('mail-table', fdt.root)!.addresses[0]!
    const table = word(word(root))
    expect(word(table)).toBe(0)
    expect(bytes(word(table + 8), 4096).every(byte => byte === 0xff)).toBe(true)
    expect(word(table + 16)).toBe(0)
  })

  it('reaches 128 MiB, 64 GiB, 32 TiB and 16 PiB a level', () => {
    const memory = builder()
    const writer = encoderOf('mail-table').createWriter(memory, { geometry: GEO })
    writer.preserve(0x5000, 0)
    writer.preserve(0x7000, 0)
    const root = writer.finish()
    const options = { geometry: GEO }
    const tracker = trackerOf('mail-table')
    const decode = tracker.decode(memory.memory(), root, options)
    const reading = { memory: memory.memory(), root, options, decode }
    expect(decode.nodes.map(node => tracker.coverage(reading, node))).toEqual([
      { order: 0, range: { start: 0, end: 2 ** 54 }, unit: 'slots', used: 1, of: 512 },
      { order: 0, range: { start: 0, end: 2 ** 45 }, unit: 'slots', used: 1, of: 512 },
      { order: 0, range: { start: 0, end: 2 ** 36 }, unit: 'slots', used: 1, of: 512 },
      { order: 0, range: { start: 0, end: 2 ** 27 }, unit: 'blocks', used: 2, of: 32768 },
    ])
  })
})

describe('sketch', () => {
  it('writes { order, num_elms, next } before its entries', () => {
    const { fdt, word, half, bytes } = written('sketch', [
      [0x123456000, 0],
      [0x32a000000, 9],
    ])
    const first = u64(viewOf(findProperty(fdt.root, 'preserved-folio-map')!.value), 0)
    expect([half(first), half(first + 4)]).toEqual([0, 1])
    expect(word(first + 16)).toBe(0x123000000)
    expect(bytes(word(first + 24), 512)[138]).toBe(1 << 6)
    const second = word(first + 8)
    expect([half(second), half(second + 4), word(second + 8)]).toEqual([9, 1, 0])
    expect(word(second + 16)).toBe(0x200000000)
    expect(bytes(word(second + 24), 512)[298]).toBe(1)
  })

  it('reads them', () => {
    const words = [
      [0x10000, 0x1_0000_0009n],
      [0x10008, 0n],
      [0x10010, 0x200000000n],
      [0x10018, 0x20200n],
    ] as const
    const decode = decoded('sketch', words, [[0x20200, 2384]])
    expect(decode.faults).toEqual([])
    expect(listBlocks(decode.pages)).toEqual([{ address: 0x32a000000, order: 9 }])
  })
})

describe('ranges', () => {
  it('writes a chunk { next, 1 } for each range, merged and sorted', () => {
    const { fdt, word } = written('ranges', [
      [0x9000, 0],
      [0x4000, 1],
      [0x6000, 0],
    ])
    const first = locateTracker('ranges', fdt.root)!.addresses[0]!
    expect([8, 16, 24, 32].map(at => word(first + at))).toEqual([1, 0x4000, 0x3000, 0])
    const second = word(first)
    expect([0, 8, 16, 24, 32].map(at => word(second + at))).toEqual([0, 1, 0x9000, 0x1000, 0])
  })

  it('reads several ranges of one chunk', () => {
    const words = [
      [0x10008, 2n],
      [0x10010, 0x4000n],
      [0x10018, 0x3000n],
      [0x10028, 0x123456000n],
      [0x10030, 0x1000n],
    ] as const
    expect(listRanges(decoded('ranges', words).pages)).toEqual([
      { start: 0x4000, end: 0x7000 },
      { start: 0x123456000, end: 0x123457000 },
    ])
  })
})

describe('graf', () => {
  it('writes { addr, len } pairs into a property mem', () => {
    const { fdt } = written('graf', [
      [0x4000, 1],
      [0x123456000, 0],
    ])
    const node = fdt.root.children.find(child => findProperty(child, 'mem') !== null)!
    const view = viewOf(findProperty(node, 'mem')!.value)
    expect([0, 8, 16, 24].map(at => u64(view, at))).toEqual([0x4000, 0x2000, 0x123456000, 0x1000])
  })
})

describe('radix-rfc1 and radix-rfc2', () => {
  it.each(['radix-rfc1', 'radix-rfc2'] as const)('%s has its tree behind preserved-page-radix-tree', abi => {
    const { fdt, word, bytes } = written(abi, [[0x123456000, 0]])
    let node = u64(viewOf(findProperty(fdt.root, 'preserved-page-radix-tree')!.value), 0)
    for (const slot of [2, 0, 0, 0, 36]) node = word(node + slot * 8)
    expect(bytes(node, 4096)[1674]).toBe(1 << 6)
  })
})
