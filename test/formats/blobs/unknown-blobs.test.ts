import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addFoldedSum,
  checkKhoTestSum,
  csumPartial,
  decodeBlob,
  type KhoTest,
  sumFolios,
} from '../../../formats/blobs/index.js'
import { buildFdt } from '../../../formats/fdt/index.js'
import { KHO_VMALLOC } from '../../../formats/layout/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { testMemory } from './memory.js'

const geo = geometry(12)

/** A page that a descriptor may name, and whether it looks like a chunk. */
type Chunk =
  | 'chunk'
  | 'chunk with a next'
  | 'no next'
  | 'no entry'
  | 'left out'
  | 'outside'
  | 'no page'
  | 'none'
  | 'no address'

interface Made {
  chunk?: Chunk
  totalPages?: number
  flags?: number
  order?: number
  /** What stands behind the descriptor, at the end of its page. */
  behind?: number
  size?: number | null
}

/** What a blob is taken for that is a struct kho_vmalloc, or is not. */
function taken({
  chunk = 'chunk',
  totalPages = 1,
  flags = 1,
  order = 0,
  behind = 0,
  size = null,
}: Made): string {
  const memory = testMemory(geo)
  const page = memory.allocate(1)
  const named = memory.allocate(1)
  const view = viewOf(named.bytes)
  if (chunk === 'chunk with a next') view.setBigUint64(0, BigInt(page.address), true)
  if (chunk === 'no next') view.setBigUint64(0, 7n, true)
  if (chunk !== 'no entry') view.setBigUint64(8, BigInt(page.address), true)
  if (chunk === 'left out') memory.drop(named.address)
  const first =
    { outside: 2 ** 51, 'no page': named.address + 8, none: 0, 'no address': 2 ** 52 }[chunk as string] ??
    named.address
  KHO_VMALLOC.write(page.bytes, 0, { first: 0, totalPages, flags, order })
  viewOf(page.bytes).setBigUint64(0, BigInt(first), true)
  page.bytes[4095] = behind
  const blob = decodeBlob(memory, { name: 'x', address: page.address, size, geometry: geo })
  if (blob.format === 'vmalloc') expect(blob.size).toBe(16)
  return blob.format
}

describe('a descriptor that says nothing of itself', () => {
  it.each<[string, Made]>([
    ['as the kernel writes it', {}],
    ['with another chunk behind the first', { chunk: 'chunk with a next', flags: 0 }],
    ['of pages of 1 GiB', { order: 18, flags: 0 }],
    ['with something behind it, where its chunk is one', { behind: 1, flags: 0 }],
    ['whose length is stated, whatever its chunk', { size: 16, chunk: 'no next', flags: 0, behind: 1 }],
    ['whose chunk is not in the dump', { chunk: 'left out', flags: 0 }],
    ['whose chunk is not in the dump, of that length', { chunk: 'left out', flags: 0, size: 16, behind: 1 }],
    ['with an order that no page has, told by its flags', { order: 19 }],
    ['with an order that no page has, told by flags and length', { order: 19, size: 16, behind: 1 }],
    ['with a first page that is none, told by its flags', { chunk: 'no page' }],
    ['with both flags', { chunk: 'no page', flags: 3 }],
    ['with as many pages as an area can have', { chunk: 'no page', totalPages: 2 ** 28 - 1 }],
    ['with no pages, but a page for a chunk', { chunk: 'no next', totalPages: 0 }],
  ])('is taken for one: %s', (_, made) => expect(taken(made)).toBe('vmalloc'))

  it.each<[string, Made]>([
    ['another length', { size: 17 }],
    ['a shorter one', { size: 15 }],
    ['no chunk, and no flags', { chunk: 'no next', flags: 0 }],
    ['a chunk without an entry, and no flags', { chunk: 'no entry', flags: 0 }],
    ['a chunk that is nowhere, and no flags', { chunk: 'outside', flags: 0 }],
    ['an order that no page has, and no flags', { order: 19, flags: 0 }],
    [
      'a chunk that is not in the dump, and an order that no page has',
      { chunk: 'left out', order: 19, flags: 0 },
    ],
    ['a chunk that is not in the dump, and no pages', { chunk: 'left out', totalPages: 0, flags: 0 }],
    ['a chunk that is not in the dump, and more behind it', { chunk: 'left out', flags: 0, behind: 1 }],
    ['a first page that is none, and no flags', { chunk: 'no page', flags: 0 }],
    ['a first page that is none, and flags that nobody knows', { chunk: 'no page', flags: 4 }],
    ['a first page that is none, and too many pages', { chunk: 'no page', totalPages: 2 ** 28 }],
    ['a first page that is none, and no pages', { chunk: 'no page', totalPages: 0 }],
    ['a first page that is none, and more behind it', { chunk: 'no page', behind: 1 }],
    ['a first page that is none, and an order that no page has', { chunk: 'no page', order: 19 }],
    ['page 0 first, and no flags', { chunk: 'none', flags: 0, size: 16 }],
    ['a first page at 2^52, and no flags', { chunk: 'no address', flags: 0, size: 16 }],
    ['an order that no page has, and more behind it', { order: 19, behind: 1 }],
  ])('is bytes: %s', (_, made) => expect(taken(made)).toBe('bytes'))
})

describe('the sum of a kho_test', () => {
  it('keeps the ones of a sum that nothing is added to', () => {
    expect([csumPartial(new Uint8Array(4)), csumPartial(new Uint8Array(4), 0xffff_ffff)]).toEqual([
      0, 0xffff_ffff,
    ])
    expect([csumPartial(new Uint8Array(0), 7), csumPartial(Uint8Array.of(1, 0, 0, 0), 0xffff_fffe)]).toEqual([
      7, 0xffff_ffff,
    ])
  })

  it('is folded to 16 bits before it is added, on arm64', () => {
    expect(addFoldedSum(0, 0x0001_0002)).toBe(3)
    expect(addFoldedSum(0, 0xffff_ffff)).toBe(0xffff)
    expect(addFoldedSum(0xffff_fffe, 1)).toBe(0xffff_ffff)
    expect(addFoldedSum(0xffff_ffff, 1)).toBe(1)
    const word = fc.integer({ min: 0, max: 0xffff_ffff })
    fc.assert(
      fc.property(word, word, (sum, part) => {
        const total = addFoldedSum(sum, part)
        expect(total % 0xffff).toBe((sum + part) % 0xffff)
        expect(total).toBeLessThanOrEqual(0xffff_ffff)
      }),
    )
  })

  it('is none of folios that are more than there is RAM', () => {
    const memory = testMemory(geo)
    const { address } = memory.allocate(1)
    const folios = (count: number) => ({
      count,
      address: new Float64Array(count).fill(address),
      order: new Uint8Array(count),
    })
    const small = { ...memory, ranges: [{ start: address, end: address + 2 * 4096 }] }
    expect(sumFolios(small, folios(2) as never, geo)).toEqual({ ok: true, sum: 0 })
    expect(sumFolios(small, folios(3) as never, geo)).toEqual({ ok: false, reason: 'outside', address })
  })
})

describe('the folios of a kho_test', () => {
  const bytesOf = (...values: bigint[]) => new Uint8Array(BigUint64Array.from(values).buffer)
  const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)
  /** Decodes a node `data` as it is given; what is left out of it is not there. */
  function decode(data: Record<string, Uint8Array>, magic: Uint8Array | null = word(0x4b484f21)) {
    const memory = testMemory(geo)
    const page = memory.allocate(1)
    const properties = { compatible: 'kho-test-v1', ...(magic === null ? {} : { magic }) }
    page.bytes.set(buildFdt({ properties, children: [{ name: 'data', properties: data }] }))
    const blob = decodeBlob(memory, { name: 'kho_test', address: page.address, size: null, geometry: geo })
    const faults = blob.faults.map(({ code, address, path }) => [code, address! - page.address, path])
    return { test: blob.value as KhoTest, faults, memory, at: page }
  }
  const sum = { csum: word(0) }

  it('are addresses with an order in their low bits', () => {
    const values = [0x1000n, 0x5003n, 0x900000n + 30n, 2n ** 52n - 0x1000n]
    const { test, faults } = decode({ ...sum, nr_folios: word(4), folios_info: bytesOf(...values) })
    expect(faults).toEqual([])
    expect([test.form, [...test.folios.address], [...test.folios.order]]).toEqual([
      'array',
      [0x1000, 0x5000, 0x900000, 2 ** 52 - 0x1000],
      [0, 3, 30, 0],
    ])
  })

  it.each([0n, 0xfffn, 0x1000n + 31n, 2n ** 52n, 2n ** 64n - 1n])('are not %i', value => {
    const { test, faults } = decode({ ...sum, nr_folios: word(1), folios_info: bytesOf(value) })
    expect(faults).toEqual([['KHO-TEST-FOLIO', 0, 'kho_test']])
    expect([...test.folios.address]).toEqual([0])
  })

  it('of two in the FDT are told from a descriptor by what that says', () => {
    const descriptor = (totalPages: number, flags: number, order: number) =>
      KHO_VMALLOC.encode({ first: 0x5000, totalPages, flags, order })
    const form = (info: Uint8Array, count: number) =>
      decode({ ...sum, nr_folios: word(count), folios_info: info }).test.form
    expect(form(descriptor(1, 1, 0), 2)).toBe('vmalloc')
    for (const [pages, flags, order] of [
      [2, 1, 0],
      [1, 2, 0],
      [1, 1, 1],
    ] as const) {
      expect(form(descriptor(pages, flags, order), 2)).toBe('array')
      expect(form(descriptor(pages, flags, order), 3)).toBe('vmalloc')
    }
    expect([form(new Uint8Array(24), 3), form(new Uint8Array(8), 3), form(new Uint8Array(0), 0)]).toEqual([
      'array',
      null,
      'array',
    ])
  })

  it.each([['nr_folios', 'csum'], ['nr_folios', 'folios_info'], ['csum', 'folios_info'], ['csum']])(
    'are not known where %s is all that is there',
    (...names) => {
      const all: Record<string, Uint8Array> = { ...sum, nr_folios: word(1), folios_info: bytesOf(0x5000n) }
      const { test, faults, memory } = decode(Object.fromEntries(names.map(name => [name, all[name]!])))
      expect(faults.filter(([code]) => code === 'KHO-TEST-DATA')).toEqual([['KHO-TEST-DATA', 0, 'kho_test']])
      expect(test.folios.count).toBe(names.includes('nr_folios') && names.includes('folios_info') ? 1 : 0)
      expect(checkKhoTestSum(memory, test, geo)).toBe('unknown')
    },
  )

  it('are summed only where as many are listed as there are', () => {
    const one = decode({ ...sum, nr_folios: word(1), folios_info: bytesOf(0n) })
    const folio = one.memory.allocate(1)
    const folios = { count: 1, address: Float64Array.of(folio.address), order: Uint16Array.of(0) }
    const check = (change: Partial<KhoTest>) =>
      checkKhoTestSum(one.memory, { ...one.test, folios, ...change }, geo)
    expect([
      check({}),
      check({ nrFolios: 2 }),
      check({ csum: null }),
      check({ csum: 1 }),
      check({ csum: 0xffff }),
    ]).toEqual(['same', 'unknown', 'unknown', 'different', 'same'])
    expect(sumFolios(one.memory, one.test.folios, geo)).toEqual({ ok: false, reason: 'outside', address: 0 })
  })

  it('have a magic number before them', () => {
    const data = { ...sum, nr_folios: word(1), folios_info: bytesOf(0x5000n) }
    expect(decode(data, null).faults).toEqual([['KHO-TEST-MAGIC', 0, 'kho_test']])
    expect(decode(data, word(1)).faults).toEqual([['KHO-TEST-MAGIC', 0, 'kho_test']])
  })
})
