import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createContext } from '../../../formats/blobs/context.js'
import {
  chunkEntries,
  decodeBlob,
  encodeVmalloc,
  storeVmalloc,
  type Vmalloc,
  vmallocPieces,
} from '../../../formats/blobs/index.js'
import { decodeVmalloc } from '../../../formats/blobs/vmalloc.js'
import { isKhoError } from '../../../formats/error.js'
import { KHO_VMALLOC } from '../../../formats/layout/index.js'
import { geometry, PAGE_SHIFTS } from '../../../formats/memory/geometry.js'
import { rangeAt } from '../../../formats/memory/range.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type TestMemory, testMemory } from './memory.js'

const geo = geometry(12)

function put(
  memory: TestMemory,
  descriptor: { first: number; totalPages: number; flags: number; order: number },
) {
  const page = memory.allocate(1)
  KHO_VMALLOC.write(page.bytes, 0, descriptor)
  return page.address
}

function decode(memory: TestMemory, address: number, shift: 12 | 14 | 16 = 12) {
  const blob = decodeBlob(memory, { name: 'area', address, size: 16, geometry: geometry(shift) })
  return { vmalloc: blob.value as Vmalloc, blob, codes: blob.faults.map(fault => fault.code) }
}

/** Addresses of runs that are not there; that is no matter of the chain. */
function runsOf(count: number, step = 2): number[] {
  return Array.from({ length: count }, (_, n) => 0x20_0000_0000 + n * step * geo.pageSize)
}

/** An area of `count` runs, to be damaged: the chain's pages and its descriptor's address. */
function area(count: number) {
  const memory = testMemory(geo)
  const descriptor = encodeVmalloc(memory, geo, runsOf(count))
  const address = put(memory, descriptor)
  const { vmalloc } = decode(memory, address)
  const chunk = (n: number) => viewOf(memory.page(vmalloc.chunks[n]!))
  return { memory, descriptor, address, chunks: vmalloc.chunks, chunk }
}

describe('the chain of a vmalloc area', () => {
  it.each([
    [12, 511],
    [14, 2047],
    [16, 8191],
  ] as const)('has %i-bit pages of %i entries', (shift, entries) => {
    expect(chunkEntries(2 ** shift)).toBe(entries)
  })

  it.each([
    [1, 1],
    [510, 1],
    [511, 2],
    [512, 2],
    [600, 2],
    [1021, 2],
    [1022, 3],
  ])('of %i pages has %i chunks, as the kernel writes them', (pages, chunks) => {
    const { memory, address, descriptor } = area(pages)
    const { vmalloc, codes } = decode(memory, address)
    expect(descriptor).toEqual({ first: vmalloc.chunks[0], totalPages: pages, flags: 1, order: 0 })
    expect(vmalloc.chunks.length).toBe(chunks)
    expect(Array.from(vmalloc.runs)).toEqual(runsOf(pages))
    expect(vmalloc).toMatchObject({
      complete: true,
      overlapping: false,
      path: 'blobs/area',
      extent: rangeAt(address, 16),
    })
    expect(codes).toEqual([])
  })

  it('may end at a chunk that is exactly full', () => {
    const { memory, address, chunk } = area(511)
    chunk(0).setBigUint64(0, 0n, true)
    const { vmalloc, codes } = decode(memory, address)
    expect([vmalloc.chunks.length, vmalloc.complete, codes]).toEqual([1, true, []])
  })

  it('has more entries than the area where a trailing chunk is not empty', () => {
    const { memory, address, chunk } = area(511)
    chunk(1).setBigUint64(8, 0x1234_5000n, true)
    const { vmalloc, codes } = decode(memory, address)
    expect(codes).toEqual(['VMALLOC-COUNT-MISMATCH'])
    expect([vmalloc.runs.length, vmalloc.complete]).toEqual([511, false])
  })

  it('is cut by a zero, and goes on with the next chunk', () => {
    const { memory, address, chunk } = area(600)
    chunk(0).setBigUint64(8 * 10, 0n, true)
    const { vmalloc, codes } = decode(memory, address)
    expect(codes).toEqual(['VMALLOC-CHUNK-PARTIAL', 'VMALLOC-COUNT-MISMATCH'])
    expect(vmalloc.runs.length).toBe(9 + 89)
  })

  it.each([
    [31, []],
    [32, ['VMALLOC-ORDER']],
  ])('may have runs of order %i: %j', (order, expected) => {
    const memory = testMemory(geo)
    const descriptor = { ...encodeVmalloc(memory, geo, [2 ** 45]), totalPages: 2 ** 31, order }
    const context = createContext(memory, geo)
    const { runs } = decodeVmalloc(context, KHO_VMALLOC.encode(descriptor), 0, null, 'area')
    expect(context.faults().map(fault => fault.code)).toEqual(expected)
    expect(runs.length).toBe(expected.length === 0 ? 1 : 0)
  })

  it('comes back to a chunk', () => {
    const { memory, address, chunk, chunks } = area(600)
    chunk(1).setBigUint64(0, BigInt(chunks[0]!), true)
    const { vmalloc, blob, codes } = decode(memory, address)
    expect(codes).toEqual(['VMALLOC-CHUNK-PARTIAL', 'VMALLOC-CHUNK-CYCLE'])
    expect(blob.faults[1]).toMatchObject({
      address: chunks[0],
      path: `blobs/area/chunks/0x${chunks[0]!.toString(16)}`,
    })
    expect(vmalloc.complete).toBe(false)
  })

  it('may not have an empty chunk elsewhere', () => {
    const { memory, address, chunk } = area(3)
    const empty = memory.allocate(1)
    chunk(0).setBigUint64(0, BigInt(empty.address), true)
    expect(decode(memory, address).codes).toEqual(['VMALLOC-CHUNK-PARTIAL', 'VMALLOC-CHUNK-EMPTY'])
  })

  it.each([
    [
      'unaligned',
      0x10_0000_0008n,
      'VMALLOC-POINTER',
      'vmalloc chunk pointer 0x1000000008 is not page aligned',
    ],
    [
      'no address',
      2n ** 63n,
      'VMALLOC-POINTER',
      'vmalloc chunk pointer 0x8000000000000000 is no physical address',
    ],
    [
      'not in the dump',
      0x40_0000_0000n,
      'VMALLOC-CHUNK-ABSENT',
      'vmalloc chunk at 0x4000000000 is not in the dump (outside)',
    ],
  ])('leads to a chunk that is %s', (_, pointer, code, message) => {
    const { memory, address, chunk } = area(511)
    chunk(0).setBigUint64(0, pointer, true)
    const { vmalloc, blob } = decode(memory, address)
    expect(blob.faults.map(fault => [fault.code, fault.message])).toEqual([[code, message]])
    expect([vmalloc.complete, vmalloc.runs.length]).toEqual([false, 511])
  })

  it('says why a chunk is absent', () => {
    const { memory, address, chunks } = area(600)
    memory.drop(chunks[1]!)
    expect(decode(memory, address).blob.faults).toMatchObject([
      { code: 'VMALLOC-CHUNK-ABSENT', absent: 'excluded' },
    ])
  })

  it('keeps the place of an entry that is no address', () => {
    const { memory, address, chunk, chunks } = area(4)
    chunk(0).setBigUint64(16, 0xffff_8880_0000_1000n, true)
    chunk(0).setBigUint64(24, 0x1001n, true)
    const { vmalloc, blob } = decode(memory, address)
    expect(Array.from(vmalloc.runs)).toEqual([runsOf(1)[0], 0, 0, runsOf(4)[3]])
    expect(blob.faults.map(fault => [fault.code, fault.address, fault.message])).toEqual([
      ['VMALLOC-ENTRY', chunks[0]! + 16, 'vmalloc entry 0xffff888000001000 is no physical address'],
      ['VMALLOC-ENTRY', chunks[0]! + 24, 'vmalloc entry 0x1001 is not page aligned'],
    ])
  })

  it('names a page twice', () => {
    const { memory, address, chunk } = area(4)
    chunk(0).setBigUint64(16, BigInt(runsOf(4)[3]!), true)
    const { vmalloc, codes } = decode(memory, address)
    expect([codes, vmalloc.overlapping]).toEqual([['VMALLOC-ENTRY-OVERLAP'], true])
  })
})

describe('the descriptor of a vmalloc area', () => {
  it.each([
    [{ totalPages: 3 }, ['VMALLOC-COUNT-MISMATCH']],
    [{ totalPages: 5 }, ['VMALLOC-COUNT-MISMATCH']],
    [{ totalPages: 0 }, ['VMALLOC-COUNT-MISMATCH']],
    [{ flags: 0x8001 }, ['VMALLOC-FLAGS']],
    [{ flags: 0 }, []],
    [{ order: 1, totalPages: 8 }, []],
    [{ order: 1, totalPages: 7 }, ['VMALLOC-COUNT-MISMATCH']],
    [{ order: 2, totalPages: 16 }, ['VMALLOC-ENTRY-OVERLAP']],
  ])('with %j', (change, codes) => {
    const { memory, descriptor } = area(4)
    const found = decode(memory, put(memory, { ...descriptor, ...change }))
    expect([...new Set(found.codes)]).toEqual(codes)
  })

  it('is told apart from 16 other bytes', () => {
    const { memory, descriptor } = area(4)
    const others = [
      { first: 0, flags: 0 },
      { first: 0x1008, flags: 0 },
      { flags: 0, order: 19 },
      { first: 0, order: 19 },
    ]
    for (const change of others) {
      const { blob } = decode(memory, put(memory, { ...descriptor, ...change }))
      expect([blob.format, blob.value]).toEqual(['bytes', { kind: 'bytes' }])
    }
  })

  it.each([{ first: 0 }, { first: 0x1008 }, { order: 60 }])('is known, and found broken, with %j', change => {
    const { memory, descriptor } = area(4)
    const { blob, codes } = decode(memory, put(memory, { ...descriptor, ...change }))
    expect(blob.format).toBe('vmalloc')
    expect(codes).not.toEqual([])
  })

  it('is recognised without a length only where its chunk, or the zeros behind it, look like one', () => {
    const { memory, descriptor, address, chunks } = area(4)
    const open = () => decodeBlob(memory, { name: 'area', address, size: null, geometry: geo })
    const known = { format: 'vmalloc', size: 16, value: { totalPages: descriptor.totalPages } }
    expect(open()).toMatchObject(known)
    viewOf(memory.page(chunks[0]!)).setBigUint64(8, 0x1001n, true)
    expect(open()).toMatchObject(known)
    memory.page(address)[100] = 1
    expect(open()).toMatchObject({ format: 'bytes', size: null })
    memory.drop(chunks[0]!)
    expect(open()).toMatchObject({ format: 'bytes', size: null })
  })

  it('is refused for an area without runs', () => {
    try {
      encodeVmalloc(testMemory(geo), geo, [])
      expect.unreachable()
    } catch (error) {
      expect(isKhoError(error) && error.code).toBe('usage')
    }
  })
})

describe('the contents of a vmalloc area', () => {
  it.each(PAGE_SHIFTS)('come back as they were stored, 2^%i-byte pages', shift => {
    const pages = geometry(shift)
    fc.assert(
      fc.property(fc.nat(5 * pages.pageSize), fc.nat(2), fc.nat(255), (length, order, seed) => {
        const memory = testMemory(pages)
        const data = Uint8Array.from({ length }, (_, n) => (n * 31 + (n >> 8) + seed) & 255)
        const descriptor = storeVmalloc(memory, pages, data, order)
        const address = put(memory, descriptor)
        const { vmalloc, codes } = decode(memory, address, shift)
        expect(codes).toEqual([])
        expect(descriptor.flags).toBe(order > 0 ? 3 : 1)
        const back = new Uint8Array(length)
        let end = 0
        for (const piece of vmallocPieces(memory, vmalloc, pages, length)) {
          expect(piece.offset).toBe(end)
          end += piece.length
          if (piece.read.ok) back.set(piece.read.bytes, piece.offset)
        }
        expect([end, back.length]).toEqual([length, length])
        expect(Buffer.compare(back, data)).toBe(0)
      }),
      { numRuns: 25 },
    )
  })

  it('are given page by page where a run is not whole', () => {
    const memory = testMemory(geo)
    const descriptor = storeVmalloc(memory, geo, new Uint8Array(4 * 4096), 2)
    const { vmalloc } = decode(memory, put(memory, descriptor))
    memory.drop(vmalloc.runs[0]! + 4096)
    const pieces = [...vmallocPieces(memory, vmalloc, geo, 3 * 4096)]
    expect(pieces.map(({ offset, length, read }) => [offset, length, read.ok])).toEqual([
      [0, 4096, true],
      [4096, 4096, false],
      [8192, 4096, true],
    ])
  })

  it('of runs that overlap are no longer than the dump', () => {
    const memory = testMemory(geo)
    const run = memory.allocate(1).address
    const descriptor = encodeVmalloc(
      memory,
      geo,
      Array.from({ length: 100_000 }, () => run),
    )
    const { vmalloc, blob } = decode(memory, put(memory, descriptor))
    const bytes = [...vmallocPieces(memory, vmalloc, geo, 2 ** 40)].reduce(
      (sum, piece) => sum + piece.length,
      0,
    )
    expect(bytes).toBeLessThanOrEqual(memory.inputSize)
    expect(blob.faults.length).toBe(100)
    expect(blob.faults.at(-1)?.more).toBe(100_000 - 1 - 100)
  })

  it('of absurd length cost little', () => {
    const memory = testMemory(geo)
    const descriptor = encodeVmalloc(memory, geo, [0x30_0000_0000, 0x800_0000_0000], 30)
    expect(descriptor.totalPages).toBe(2 ** 31)
    const page = memory.allocate(1)
    KHO_VMALLOC.write(page.bytes, 0, descriptor)
    const context = createContext(memory, geo)
    const vmalloc = decodeVmalloc(context, page.bytes, 0, page.address, 'area')
    expect(vmalloc.complete).toBe(true)
    let pieces = 0
    let end = 0
    for (const piece of vmallocPieces(memory, vmalloc, geo, Number.MAX_SAFE_INTEGER)) {
      if (piece.read.ok) expect.unreachable()
      pieces++
      end = piece.offset + piece.length
    }
    expect(end).toBe(2 ** 43)
    expect(pieces).toBeLessThan(2 ** 21)
  })
})
