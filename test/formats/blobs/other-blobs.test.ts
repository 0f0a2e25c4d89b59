import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Blob,
  blobPath,
  checkKhoTestSum,
  csumPartial,
  decodeBlob,
  encodeKexecMetadata,
  encodeKhoTest,
  encodeMemblock,
  type KhoTest,
  type Memblock,
  type RegionSpec,
  sumFolios,
  writeMemblock,
  writeReserveMemV4,
} from '../../../formats/blobs/index.js'
import {
  buildFdt,
  createFdtWriter,
  type FdtNode,
  type FdtWriter,
  findChild,
  parseFdt,
} from '../../../formats/fdt/index.js'
import { geometry, PAGE_SHIFTS, type PageShift } from '../../../formats/memory/geometry.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { sha256 } from '../../material.js'
import { testMemory } from './memory.js'

const geo = geometry(12)

function codes(blob: Blob): string[] {
  return blob.faults.map(fault => fault.code)
}

function node(name: string, body: (writer: FdtWriter) => void): FdtNode {
  const writer = createFdtWriter(4096)
  writer.beginNode('')
  writer.beginNode(name)
  body(writer)
  writer.endNode()
  writer.endNode()
  return findChild(parseFdt(writer.finish()).root, name)!
}

describe('the path of a blob', () => {
  it.each([
    ['LUO', 'luo'],
    ['memblock', 'memblock'],
    ['kho_test', 'kho_test'],
    ['kexec-metadata', 'kexec-metadata'],
    ['luo', 'blobs/luo'],
    ['reserve_mem', 'blobs/reserve_mem'],
    ['a b', 'blobs/a%20b'],
    ['toString', 'blobs/toString'],
    ['', 'blobs/#0'],
  ])('%j is %s', (name, path) => expect(blobPath(name)).toBe(path))
})

describe('memblock', () => {
  const regions: RegionSpec[] = [
    { name: 'khotrace', start: 0x3d600000, size: 0x200000 },
    { name: 'khosmall', start: 0x3eb84000, size: 0x3000 },
  ]
  it('is written as the kernel does', () => {
    const memory = testMemory(geo)
    const { address, size } = encodeMemblock(memory, geo, regions)
    expect(size).toBe(302)
    // What Linux 7.2.13 wrote for these two regions.
    expect(sha256(memory.page(address).subarray(0, size))).toBe(
      '5de1fe64f9d23600d4f65c46fe0334c52e24af9260135a826e1c128d1cfe2b4a',
    )
    const blob = decodeBlob(memory, { name: 'memblock', address, size, geometry: geo })
    expect(blob).toMatchObject({ format: 'memblock-v1', path: 'memblock', faults: [] })
    expect(blob.value).toEqual({
      kind: 'memblock',
      compatible: 'memblock-v1',
      regions: regions.map(it => ({ ...it, path: `memblock/${it.name}`, compatible: 'reserve-mem-v1' })),
    })
  })

  it.each(PAGE_SHIFTS)('comes back as it was written, 2^%i-byte pages', shift => {
    const pages = geometry(shift)
    const region = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/),
      start: fc.nat(2 ** 30).map(n => n * pages.pageSize),
      size: fc.integer({ min: 1, max: 2 ** 30 }).map(n => n * pages.pageSize),
    })
    fc.assert(
      fc.property(fc.uniqueArray(region, { selector: it => it.name, maxLength: 8 }), list => {
        const memory = testMemory(pages)
        const { address } = encodeMemblock(memory, pages, list)
        const blob = decodeBlob(memory, { name: 'memblock', address, size: null, geometry: pages })
        expect(blob.faults).toEqual([])
        const back = (blob.value as Memblock).regions.map(({ name, start, size }) => ({ name, start, size }))
        expect(back).toEqual(list)
      }),
      { numRuns: 25 },
    )
  })

  it('of patch v5 and of patch v4 lies in the root FDT', () => {
    const memory = testMemory(geo)
    const input = { address: null, size: null, geometry: geo }
    const v5 = decodeBlob(memory, {
      ...input,
      name: 'memblock',
      inlineNode: node('memblock', it => writeMemblock(it, regions)),
    })
    const v4 = decodeBlob(memory, {
      ...input,
      name: 'reserve_mem',
      inlineNode: node('reserve_mem', it => writeReserveMemV4(it, regions)),
    })
    expect(v5).toMatchObject({ format: 'memblock-v1', path: 'memblock', address: null, faults: [] })
    expect(v4).toMatchObject({ format: 'reserve_mem-v1', path: 'blobs/reserve_mem', faults: [] })
    for (const blob of [v5, v4]) expect((blob.value as Memblock).regions).toMatchObject(regions)
  })

  it('says what a reader would not take', () => {
    const memory = testMemory(geo)
    const odd = [
      { name: 'a-very-long-name', start: 0x1000, size: 0x1000 },
      { name: 'tail', start: 0x1000, size: 0x1800 },
      { name: 'shifted', start: 0x1200, size: 0x1000 },
      { name: 'empty', start: 0x1000, size: 0 },
      ...Array.from({ length: 5 }, (_, n) => ({ name: `r${n}`, start: 0x1000, size: 0x1000 })),
    ]
    const { address, size } = encodeMemblock(memory, geo, odd)
    const blob = decodeBlob(memory, { name: 'memblock', address, size, geometry: geo })
    expect(blob.faults.map(({ code, path }) => [code, path])).toEqual([
      ['MEMBLOCK-NAME', 'memblock/a-very-long-name'],
      ['MEMBLOCK-UNALIGNED', 'memblock/tail'],
      ['MEMBLOCK-UNALIGNED', 'memblock/shifted'],
      ['MEMBLOCK-REGION', 'memblock/empty'],
      ['MEMBLOCK-COUNT', 'memblock'],
    ])
  })

  it('says which properties are of another length, or of another format', () => {
    const memory = testMemory(geo)
    const page = memory.allocate(1)
    const child = {
      name: 'r',
      properties: { compatible: 'reserve-mem-v2', start: Uint8Array.of(1, 2, 3, 4) },
    }
    page.bytes.set(buildFdt({ properties: { compatible: 'memblock-v1' }, children: [child] }))
    const decode = () =>
      decodeBlob(memory, { name: 'memblock', address: page.address, size: null, geometry: geo })
    expect(codes(decode())).toEqual(['MEMBLOCK-COMPATIBLE', 'MEMBLOCK-REGION'])
    expect((decode().value as Memblock).regions).toMatchObject([{ start: null, size: null }])
    page.bytes.set(buildFdt({ properties: { compatible: 'memblock-v7' } }))
    expect(decode()).toMatchObject({ format: 'fdt', value: { kind: 'fdt', compatible: 'memblock-v7' } })
    expect(codes(decode())).toEqual(['MEMBLOCK-COMPATIBLE'])
  })
})

describe('kexec-metadata', () => {
  it('comes back as it was written', () => {
    const memory = testMemory(geo)
    const text = fc.stringMatching(/^[0-9a-z.-]{0,64}$/)
    fc.assert(
      fc.property(text, fc.nat(), (previousRelease, kexecCount) => {
        const extent = encodeKexecMetadata(memory, { previousRelease, kexecCount })
        const blob = decodeBlob(memory, { name: 'kexec-metadata', ...extent, geometry: geo })
        expect(blob).toMatchObject({ format: 'kexec-metadata-1', size: 73, faults: [] })
        expect(blob.value).toEqual({ kind: 'kexec-metadata', version: 1, previousRelease, kexecCount })
      }),
    )
  })

  it.each([
    [1, 'b3094d16437091a0d11b439beb0b4242e4072b72b1e9ff8085ee66a896eaadcf'],
    [2, '701d3c27e9ee8895494a099f5d42bd0d99059819e550c8c9d580e13577ac8579'],
  ])('is written as Linux 7.2.13 did, count %i', (kexecCount, hash) => {
    const memory = testMemory(geo)
    const { address } = encodeKexecMetadata(memory, { previousRelease: '7.2.13-khotest', kexecCount })
    expect(sha256(memory.page(address).subarray(0, 73))).toBe(hash)
  })

  it('says what a reader would ignore', () => {
    const memory = testMemory(geo)
    const { address } = encodeKexecMetadata(memory, { previousRelease: '7.2.13', kexecCount: 3 })
    const decode = (size: number) =>
      decodeBlob(memory, { name: 'kexec-metadata', address, size, geometry: geo })
    expect(decode(10).faults[0]?.message).toBe('kexec-metadata blob too small for v1 (10 < 73)')
    expect(decode(10).value).toMatchObject({ kexecCount: 3 })
    memory.page(address).fill(0x41, 4, 69)
    expect(codes(decode(73))).toEqual(['KEXEC-METADATA-RELEASE'])
    memory.page(address)[0] = 2
    expect(decode(73)).toMatchObject({ format: 'bytes', value: { version: 2 } })
    expect(codes(decode(73))).toContain('KEXEC-METADATA-VERSION')
    // Nobody knows how long another version is.
    for (const version of [0, 2, 3]) {
      memory.page(address)[0] = version
      expect([4, 72, 73, 100].map(size => codes(decode(size)))).toEqual(
        Array(4).fill(['KEXEC-METADATA-VERSION']),
      )
      expect(codes(decode(3))).toEqual(['KEXEC-METADATA-SIZE', 'KEXEC-METADATA-VERSION'])
      expect(decode(3).faults[0]?.message).toBe('kexec-metadata blob too small (3 bytes)')
    }
    memory.drop(address)
    expect(decode(73)).toMatchObject({ value: null, faults: [{ code: 'BLOB-ABSENT', absent: 'excluded' }] })
  })
})

describe('kho_test', () => {
  function build(form: 'array' | 'vmalloc', orders: number[], shift: PageShift = 12) {
    const pages = geometry(shift)
    const memory = testMemory(pages)
    const folios = orders.map((order, n) => {
      const { address, bytes } = memory.allocate(2 ** order)
      bytes.forEach((_, at) => {
        bytes[at] = (at * 7 + n * 13 + (at >> 8)) & 255
      })
      return { address, bytes }
    })
    const address = folios.map(it => it.address)
    const csum = folios.reduce((sum, it) => csumPartial(it.bytes, sum), 0)
    const extent = encodeKhoTest(memory, pages, { form, folios: { address, order: orders }, csum })
    const decode = () => decodeBlob(memory, { name: 'kho_test', ...extent, geometry: pages })
    return { memory, extent, address, csum, decode, pages }
  }

  it.each(PAGE_SHIFTS)('comes back as it was written, 2^%i-byte pages', shift => {
    fc.assert(
      fc.property(
        fc.constantFrom('array', 'vmalloc'),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
        (form, orders) => {
          const { memory, address, csum, decode, pages } = build(
            form === 'array' ? 'array' : 'vmalloc',
            orders,
            shift,
          )
          const blob = decode()
          expect(blob).toMatchObject({ format: 'kho-test-v1', path: 'kho_test', faults: [] })
          const test = blob.value as KhoTest
          expect(test).toMatchObject({
            magic: 0x4b484f21,
            nrFolios: orders.length,
            csum,
            form,
            compatible: 'kho-test-v1',
          })
          expect([Array.from(test.folios.address), Array.from(test.folios.order)]).toEqual([address, orders])
          expect(sumFolios(memory, test.folios, pages)).toEqual({ ok: true, sum: csum })
          expect(checkKhoTestSum(memory, test, pages)).toBe('same')
          memory.page(address[0]!)[5]! ^= 1
          expect(checkKhoTestSum(memory, test, pages)).toBe('different')
          memory.drop(address.at(-1)!)
          expect(checkKhoTestSum(memory, test, pages)).toBe('unknown')
        },
      ),
      { numRuns: 15 },
    )
  })

  it('tells two folios in the FDT from a descriptor', () => {
    expect(build('array', [0, 0]).decode().value).toMatchObject({ form: 'array', vmalloc: null })
    expect(build('vmalloc', [0, 0]).decode().value).toMatchObject({
      form: 'vmalloc',
      vmalloc: { totalPages: 1, complete: true },
    })
  })

  it('sums as csum_partial() of x86-64 does', () => {
    expect(csumPartial(new Uint8Array(8))).toBe(0)
    expect(csumPartial(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toBe(0xffffffff)
    expect(csumPartial(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0))).toBe(2)
    expect(csumPartial(Uint8Array.of(1, 0, 0, 0), 0xffffffff)).toBe(1)
  })

  it('says what is not as a test would write it', () => {
    const { memory, extent, decode } = build('vmalloc', [0, 1, 2])
    const bytes = Buffer.from(
      memory.page(extent.address).buffer,
      memory.page(extent.address).byteOffset,
      4096,
    )
    const list = (decode().value as KhoTest).vmalloc!.runs[0]!
    const entries = viewOf(memory.page(list))
    entries.setBigUint64(0, 0n, true)
    entries.setBigUint64(8, 0x5fffn, true)
    expect(codes(decode())).toEqual(['KHO-TEST-FOLIO', 'KHO-TEST-FOLIO'])
    memory.drop(list)
    // How many folios there are is not known then, and nothing to complain of.
    expect(codes(decode())).toEqual(['KHO-TEST-ABSENT'])
    bytes.set([0xff], bytes.indexOf('214f484b', 'hex'))
    expect(codes(decode())).toContain('KHO-TEST-MAGIC')
    bytes.set([0x78], bytes.indexOf('csum\0'))
    expect(codes(decode())).toContain('KHO-TEST-DATA')
    bytes.set([0x39], bytes.indexOf('kho-test-v1') + 10)
    expect(codes(decode())).toEqual(['KHO-TEST-COMPATIBLE'])
    expect(decode().format).toBe('fdt')
  })

  it('says when its list is of neither form', () => {
    const memory = testMemory(geo)
    const page = memory.allocate(1)
    const data = {
      nr_folios: Uint8Array.of(3, 0, 0, 0),
      folios_info: new Uint8Array(20),
      csum: new Uint8Array(4),
    }
    const properties = { compatible: 'kho-test-v1', magic: Uint8Array.of(0x21, 0x4f, 0x48, 0x4b) }
    page.bytes.set(buildFdt({ properties, children: [{ name: 'data', properties: data }] }))
    const blob = decodeBlob(memory, { name: 'kho_test', address: page.address, size: null, geometry: geo })
    expect(codes(blob)).toEqual(['KHO-TEST-DATA'])
    expect(blob.value).toMatchObject({ form: null, folios: { count: 0 } })
  })
})

describe('a blob that nobody knows', () => {
  it('is an FDT', () => {
    const memory = testMemory(geo)
    const page = memory.allocate(1)
    const fdt = buildFdt({ properties: { compatible: 'alpha-v1' } })
    page.bytes.set(fdt)
    const decode = (size: number | null) =>
      decodeBlob(memory, { name: 'alpha', address: page.address, size, geometry: geo })
    expect(decode(null)).toMatchObject({
      format: 'fdt',
      size: fdt.length,
      value: { compatible: 'alpha-v1' },
      faults: [],
    })
    expect(codes(decode(fdt.length - 1))).toEqual(['BLOB-FDT-SIZE'])
    viewOf(page.bytes).setUint32(4, 2 ** 31)
    expect(decode(null).faults).toMatchObject([
      { code: 'BLOB-FDT-INVALID', message: 'FDT says it has 2147483648 bytes' },
    ])
    viewOf(page.bytes).setUint32(4, 5000)
    expect(decode(null)).toMatchObject({ value: { kind: 'bytes' }, faults: [{ code: 'BLOB-ABSENT' }] })
    viewOf(page.bytes).setUint32(4, fdt.length)
    viewOf(page.bytes).setUint32(8, 0xffff)
    expect(new Set(codes(decode(null)))).toEqual(new Set(['BLOB-FDT-INVALID']))
  })

  it('is bytes, or is not there', () => {
    const memory = testMemory(geo)
    const { address } = memory.allocate(2)
    const decode = (size: number | null) => decodeBlob(memory, { name: 'x', address, size, geometry: geo })
    expect(decode(8192)).toMatchObject({ format: 'bytes', value: { kind: 'bytes' }, size: 8192, faults: [] })
    expect(decode(2 ** 50)).toMatchObject({
      value: { kind: 'bytes' },
      faults: [{ code: 'BLOB-ABSENT', absent: 'outside' }],
    })
    memory.drop(address)
    expect(decode(null)).toMatchObject({ value: null, faults: [{ code: 'BLOB-ABSENT', absent: 'excluded' }] })
  })
})

describe('a node of the early series', () => {
  it('has mem arrays at any depth', () => {
    const pair = (address: bigint, size: bigint) => {
      const bytes = new Uint8Array(16)
      viewOf(bytes).setBigUint64(0, address, true)
      viewOf(bytes).setBigUint64(8, size, true)
      return bytes
    }
    const inlineNode = node('ftrace', writer => {
      writer.property('compatible', Buffer.from('ftrace-v1\0'))
      writer.property('mem', Uint8Array.of(...pair(0x1000n, 0x2000n), ...pair(2n ** 63n, 1n)))
      writer.beginNode('cpu0')
      writer.property('mem', pair(0x8000n, 2n ** 60n))
      writer.endNode()
      writer.beginNode('cpu1')
      writer.property('mem', new Uint8Array(12))
      writer.endNode()
    })
    const blob = decodeBlob(testMemory(geo), {
      name: 'ftrace',
      address: null,
      size: null,
      geometry: geo,
      inlineNode,
    })
    expect(blob).toMatchObject({ format: 'node', path: 'blobs/ftrace', address: null })
    expect(blob.value).toMatchObject({
      kind: 'node',
      compatible: 'ftrace-v1',
      areas: [
        { path: 'blobs/ftrace/mem/#0', start: 0x1000, size: 0x2000 },
        { path: 'blobs/ftrace/mem/#1', start: null, size: 1 },
        { path: 'blobs/ftrace/cpu0/mem/#0', start: 0x8000, size: null },
      ],
    })
    expect(blob.faults.map(({ code, path }) => [code, path])).toEqual([
      ['MEM-ADDRESS', 'blobs/ftrace/mem/#1'],
      ['MEM-LENGTH', 'blobs/ftrace/cpu1'],
    ])
  })
})
