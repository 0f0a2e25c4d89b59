import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkMemfdFolios,
  decodeBlob,
  encodeLuo,
  encodeMemfd,
  folioNumber,
  type Luo,
  type MemfdSpec,
  readMemfdFolios,
} from '../../../formats/blobs/index.js'
import { isKhoError } from '../../../formats/error.js'
import { MEMFD_LUO_SER_V1, MEMFD_LUO_SER_V2 } from '../../../formats/layout/index.js'
import { geometry, PAGE_SHIFTS, type PageShift } from '../../../formats/memory/geometry.js'
import { rangeAt } from '../../../formats/memory/range.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type TestMemory, testMemory } from './memory.js'

const path = 'luo/sessions/s/files/7'

function spec(change: Partial<MemfdSpec> = {}): MemfdSpec {
  return {
    version: 2,
    position: 6173,
    size: 12345,
    seals: 6,
    folios: { pfn: [262100, 6118, 6119, 6120], index: [0, 1, 2, 3] },
    ...change,
  }
}

/** Decodes a memfd at `address` as the only file of a session. */
function decodeAt(memory: TestMemory, version: number, address: number | bigint, shift: PageShift = 12) {
  const files = [{ compatible: `memfd-v${version}`, data: BigInt(address), token: 7n }]
  const sessions = [{ name: 's', files }]
  const geo = geometry(shift)
  const luo = encodeLuo(memory, geo, { form: 'struct', liveupdateNumber: 1n, sessions, flbs: [] })
  const blob = decodeBlob(memory, { name: 'LUO', ...luo, geometry: geo })
  const { memfd } = (blob.value as Luo).sessions[0]!.files[0]!
  return { memfd: memfd!, faults: blob.faults, codes: blob.faults.map(fault => fault.code) }
}

function build(change: Partial<MemfdSpec> = {}) {
  const memory = testMemory(geometry(12))
  const { address } = encodeMemfd(memory, geometry(12), spec(change))
  return {
    memory,
    address,
    ser: viewOf(memory.page(address)),
    decode: () => decodeAt(memory, change.version ?? 2, address),
  }
}

describe('a memfd', () => {
  it('of version 2 is read as it was written', () => {
    const { memory, address, decode } = build()
    const { memfd, codes } = decode()
    expect(codes).toEqual([])
    expect(memfd).toMatchObject({
      version: 2,
      path,
      extent: rangeAt(address, 48),
      position: 6173,
      size: 12345,
      seals: 6,
      flags: 0,
      nrFolios: 4,
      vmalloc: {
        path: `${path}/vmalloc`,
        extent: rangeAt(address + 32, 16),
        totalPages: 1,
        complete: true,
      },
    })
    const folios = readMemfdFolios(memory, memfd, geometry(12))
    expect(Array.from(folios.pfn)).toEqual([262100, 6118, 6119, 6120])
    expect(Array.from(folios.flags)).toEqual([3, 3, 3, 3])
    expect(checkMemfdFolios(memfd, folios, geometry(12))).toEqual([])
  })

  it('of version 1 has no seals, and refuses to hand some over', () => {
    const { decode } = build({ version: 1, seals: 0 })
    expect(decode().memfd).toMatchObject({
      version: 1,
      extent: rangeAt(decode().memfd!.extent.start, 40),
      seals: null,
      flags: null,
      nrFolios: 4,
    })
    try {
      build({ version: 1 })
      expect.unreachable()
    } catch (error) {
      expect(isKhoError(error) && error.code).toBe('cannot-express')
    }
  })

  it.each<Partial<MemfdSpec>>([
    { position: -1 },
    { size: 1.5 },
    { folios: { pfn: [2 ** 52], index: [0] } },
    { folios: { pfn: [1], index: [] } },
    { folios: { pfn: [1], index: [0], flags: [4096] } },
  ])('is refused where %j does not fit', change => {
    try {
      build(change)
      expect.unreachable()
    } catch (error) {
      expect(isKhoError(error) && error.code).toBe('cannot-express')
    }
  })

  it('of size 0 has no list', () => {
    const { memory, decode } = build({ size: 0, position: 0, folios: { pfn: [], index: [] } })
    const { memfd, codes } = decode()
    expect([memfd.vmalloc, memfd.nrFolios, codes]).toEqual([null, 0, []])
    expect(readMemfdFolios(memory, memfd, geometry(12))).toMatchObject({ count: 0, missing: [], faults: [] })
  })

  it.each<[string, (ser: DataView) => void, string[]]>([
    ['seals that nobody knows', ser => ser.setUint32(16, 0x80, true), ['MEMFD-SEALS']],
    ['flags', ser => ser.setUint32(20, 1, true), ['MEMFD-FLAGS']],
    ['a size that is none', ser => ser.setBigUint64(8, 2n ** 63n, true), ['MEMFD-SIZE']],
    ['a position that is none', ser => ser.setBigUint64(0, 2n ** 53n, true), ['MEMFD-POSITION']],
    ['size 0 with folios', ser => ser.setBigUint64(8, 0n, true), ['MEMFD-SIZE']],
    ['more folios than its list holds', ser => ser.setBigUint64(24, 257n, true), ['MEMFD-FOLIO-COUNT']],
    ['far too many folios', ser => ser.setBigUint64(24, 2n ** 64n - 1n, true), ['MEMFD-FOLIO-COUNT']],
    [
      'a list of 0 pages (412a32f0e053)',
      ser => ser.setUint32(40, 0, true),
      ['VMALLOC-COUNT-MISMATCH', 'MEMFD-FOLIO-COUNT'],
    ],
    ['no list', ser => ser.setBigUint64(32, 0n, true), ['VMALLOC-FIRST']],
    [
      '0 folios with a list and a size',
      ser => ser.setBigUint64(24, 0n, true),
      ['MEMFD-DESCRIPTOR', 'MEMFD-SIZE'],
    ],
    ['runs of order 40', ser => ser.setUint16(46, 40, true), ['VMALLOC-ORDER']],
  ])('with %s', (_, damage, codes) => {
    const { memory, ser, decode } = build()
    damage(ser)
    const found = decode()
    expect(found.codes).toEqual(codes)
    expect(found.faults.every(fault => fault.path?.startsWith(path))).toBe(true)
    const folios = readMemfdFolios(memory, found.memfd, geometry(12))
    expect(folios.count).toBeLessThanOrEqual(256)
  })

  it('is not there', () => {
    const { memory, address } = build()
    const code = (handle: number | bigint) => decodeAt(memory, 2, handle).codes
    expect(code(2n ** 60n)).toEqual(['MEMFD-ADDRESS'])
    expect(code(0x40_0000_0000)).toEqual(['MEMFD-ABSENT'])
    expect(code(0)).toEqual(['LUO-FILE-DATA-ZERO'])
    memory.page(address).copyWithin(8, 0, 48)
    expect(code(address + 8)).toEqual(['MEMFD-ADDRESS'])
  })
})

describe('the folios of a memfd', () => {
  it('are 52 bits of page frame number, 12 bits of flags and an index', () => {
    const pfn = [2 ** 52 - 1, 0, 2 ** 32]
    const { memory, decode } = build({ folios: { pfn, index: [2 ** 40, 0, 5], flags: [0xfff, 0, 1] } })
    const { memfd } = decode()
    const folios = readMemfdFolios(memory, memfd, geometry(12))
    expect(Array.from(folios.pfn)).toEqual(pfn)
    expect(Array.from(folios.index)).toEqual([2 ** 40, 0, 5])
    expect(Array.from(folios.flags)).toEqual([0xfff, 0, 1])
    const bytes = memory.page(memfd.vmalloc!.runs[0]!)
    expect(Buffer.from(bytes.subarray(0, 8)).toString('hex')).toBe('ffffffffffffffff')
    expect(Buffer.from(bytes.subarray(32, 40)).toString('hex')).toBe('0000000001001000')
  })

  it('are checked as a list, one fault of a kind', () => {
    const { memory, decode } = build({
      size: 4 * 4096,
      folios: { pfn: [10, 10, 11, 0, 2 ** 50, 12], index: [0, 1, 1, 2, 3, 9], flags: [3, 2, 1, 0, 3, 7] },
    })
    const { memfd } = decode()
    const faults = checkMemfdFolios(memfd, readMemfdFolios(memory, memfd, geometry(12)), geometry(12))
    expect(Object.fromEntries(faults.map(({ code, message }) => [code, message]))).toEqual({
      'MEMFD-FOLIO-CLEAN':
        '1 folio not marked dirty: can be reclaimed after they are restored, first: pfn 0xa, page offset 1, flags 0x2',
      'MEMFD-FOLIO-NOT-UPTODATE':
        '1 folio not marked up to date: zeroed after they are restored, first: pfn 0xb, page offset 1, flags 0x1',
      'MEMFD-FOLIO-HOLE': '1 folio without a page, first: pfn 0x0, page offset 2, flags 0x0',
      'MEMFD-FOLIO-PFN':
        '1 folio with a page frame number that is no address, first: pfn 0x4000000000000, page offset 3, flags 0x3',
      'MEMFD-FOLIO-INDEX': '1 folio behind the end of the file, first: pfn 0xc, page offset 9, flags 0x7',
      'MEMFD-FOLIO-FLAGS': '1 folio with flags that nobody knows, first: pfn 0xc, page offset 9, flags 0x7',
      'MEMFD-FOLIO-COLLISION':
        '1 folio at a page offset that another one has too, first: pfn 0xb, page offset 1, flags 0x1',
      'MEMFD-FOLIO-OVERLAP': '1 folio with the page of another one, first: pfn 0xa, page offset 1, flags 0x2',
    })
  })

  it('that the dump lacks are missing, not holes', () => {
    const count = 700
    const pfn = Array.from({ length: count }, (_, n) => 1000 + n)
    const { memory, decode } = build({ size: count * 4096, folios: { pfn, index: pfn.map(n => n - 1000) } })
    const { memfd } = decode()
    memory.drop(memfd.vmalloc!.runs[1]!)
    const folios = readMemfdFolios(memory, memfd, geometry(12))
    expect(folios.missing).toEqual([{ first: 256, count: 256, reason: 'excluded' }])
    expect(folios.faults).toMatchObject([{ code: 'MEMFD-FOLIOS-ABSENT', absent: 'excluded', path }])
    expect(folios.count).toBe(700 - 256)
    for (let n = 0; n < folios.count; n++) expect(folios.pfn[n]).toBe(1000 + folioNumber(folios, n))
  })

  it('are no more than their pages hold', () => {
    const { memory, ser, decode } = build()
    ser.setBigUint64(24, 2n ** 50n, true)
    const folios = readMemfdFolios(memory, decode().memfd, geometry(12))
    expect([folios.count, folios.faults.map(fault => fault.code)]).toEqual([256, ['MEMFD-FOLIOS-CUT']])
  })

  it.each(PAGE_SHIFTS)('come back as they were written, 2^%i-byte pages', shift => {
    const geo = geometry(shift)
    const folio = fc.record({
      pfn: fc.integer({ min: 0, max: 2 ** 31 - 1 }).map(n => n * 2 ** 21 + (n % 97)),
      index: fc.maxSafeInteger().map(n => Math.abs(n)),
      flags: fc.integer({ min: 0, max: 0xfff }),
    })
    const numbers = fc.maxSafeInteger().map(n => Math.abs(n))
    const list = fc.array(folio, { maxLength: 40 })
    fc.assert(
      fc.property(
        list,
        fc.nat(9000),
        numbers,
        numbers,
        fc.constantFrom(1, 2),
        (few, repeat, position, size, version) => {
          const folios =
            few.length === 0 ? [] : Array.from({ length: repeat % 9000 }, (_, n) => few[n % few.length]!)
          const memory = testMemory(geo)
          const written: MemfdSpec = {
            version: version === 1 ? 1 : 2,
            position,
            size,
            seals: version === 1 ? 0 : 0x3f,
            folios: {
              pfn: folios.map(it => it.pfn),
              index: folios.map(it => it.index),
              flags: folios.map(it => it.flags),
            },
          }
          const { address } = encodeMemfd(memory, geo, written)
          const { memfd, codes } = decodeAt(memory, version, address, shift)
          expect(codes.filter(code => code !== 'MEMFD-SIZE')).toEqual([])
          expect([memfd.position, memfd.size, memfd.seals ?? 0]).toEqual([position, size, written.seals])
          const found = readMemfdFolios(memory, memfd, geo)
          expect(found.faults).toEqual([])
          expect(Array.from(found.pfn)).toEqual(written.folios.pfn)
          expect(Array.from(found.index)).toEqual(written.folios.index)
          expect(Array.from(found.flags)).toEqual(written.folios.flags)
        },
      ),
      { numRuns: 15 },
    )
  })

  it('of 300,000 entries cost nothing until they are asked for, then little', () => {
    const count = 300_000
    const memory = testMemory(geometry(12))
    const pfn = Float64Array.from({ length: count }, (_, n) => 4096 + n)
    const index = Float64Array.from({ length: count }, (_, n) => n)
    const { address } = encodeMemfd(memory, geometry(12), {
      version: 2,
      position: 0,
      size: count * 4096,
      seals: 0,
      folios: { pfn, index },
    })
    const { memfd } = decodeAt(memory, 2, address)
    expect(memfd.vmalloc?.chunks.length).toBe(3)
    const folios = readMemfdFolios(memory, memfd, geometry(12))
    expect(folios.count).toBe(count)
    expect(folios.pfn[count - 1]).toBe(4096 + count - 1)
  })
})

describe('the structures of a memfd', () => {
  it('share their folio list but not their offsets', () => {
    const offset = (layout: { fields: readonly { name: string; offset: number }[] }) =>
      layout.fields.find(field => field.name === 'folios')?.offset
    expect([offset(MEMFD_LUO_SER_V1), offset(MEMFD_LUO_SER_V2)]).toEqual([24, 32])
  })
})
