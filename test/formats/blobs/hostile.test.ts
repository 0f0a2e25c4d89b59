import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkKhoTestSum,
  checkMemfdFolios,
  decodeBlob,
  encodeKhoTest,
  encodeLuo,
  encodeMemfd,
  readMemfdFolios,
} from '../../../formats/blobs/index.js'
import { geometry, PAGE_SHIFTS, type PageShift } from '../../../formats/memory/geometry.js'
import { type TestMemory, testMemory } from './memory.js'

/** A state with everything in it, and the addresses of its pages. */
function state(shift: PageShift, form: 'fdt' | 'struct') {
  const geo = geometry(shift)
  const memory = testMemory(geo)
  const first = memory.next
  const memfd = (count: number, version: 1 | 2) => {
    const pfn = Array.from({ length: count }, (_, n) => 100 + n)
    const folios = { pfn, index: pfn.map((_, n) => n) }
    return BigInt(
      encodeMemfd(memory, geo, { version, position: 0, size: count * geo.pageSize, seals: 0, folios })
        .address,
    )
  }
  const sessions = Array.from({ length: 60 }, (_, n) => ({
    name: `s${n}`,
    files: [
      { compatible: 'memfd-v2', data: memfd(n, 2), token: 1n },
      { compatible: 'memfd-v1', data: memfd(3, 1), token: 2n },
    ],
  }))
  const flbs = [{ name: 'f', data: 1n, count: 1n }]
  const luo = encodeLuo(memory, geo, { form, liveupdateNumber: 1n, sessions, flbs })
  const orders = [0, 1, 2]
  const address = orders.map(order => memory.allocate(2 ** order).address)
  const test = encodeKhoTest(memory, geo, { form: 'vmalloc', folios: { address, order: orders }, csum: 0 })
  return { geo, memory, luo, test, first, end: memory.next }
}

/** Everything that is decoded lazily, too. Throws only for what should not throw. */
function decodeAll({ geo, memory, luo, test }: ReturnType<typeof state>): number {
  let read = 0
  for (const [name, { address, size }] of [
    ['LUO', luo],
    ['kho_test', test],
    ['other', luo],
    ['memblock', test],
  ] as const) {
    const blob = decodeBlob(memory, { name, address, size, geometry: geo })
    for (const fault of blob.faults) expect(fault.code).toMatch(/^[A-Z0-9]+(-[A-Z0-9]+)+$/)
    if (blob.value?.kind === 'kho-test') checkKhoTestSum(memory, blob.value, geo)
    if (blob.value?.kind !== 'luo') continue
    for (const { memfd } of blob.value.sessions.flatMap(session => session.files)) {
      if (memfd === null) continue
      const folios = readMemfdFolios(memory, memfd, geo)
      checkMemfdFolios(memfd, folios, geo)
      read += folios.count
    }
  }
  return read
}

/** Overwrites a u64 with something that might be a pointer, a count, or nothing. */
function damage(memory: TestMemory, page: number, offset: number, value: bigint): void {
  const view = new DataView(memory.page(page).buffer, memory.page(page).byteOffset)
  view.setBigUint64(offset, value, true)
}

function pagesOf(memory: TestMemory, first: number, end: number, pageSize: number): number[] {
  const pages: number[] = []
  for (let page = first; page < end; page += pageSize) {
    if (memory.read(page, 1).ok) pages.push(page)
  }
  return pages
}

describe('damaged structures', () => {
  it.each(PAGE_SHIFTS.flatMap(shift => [[shift, 'struct'] as const, [shift, 'fdt'] as const]))(
    'never throw nor run away, 2^%i-byte pages, %s form',
    (shift, form) => {
      const word = fc.oneof(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.constantFrom(0n, 1n, 2n ** 32n - 1n),
        fc.nat(600).map(BigInt),
      )
      const hit = fc.record({
        page: fc.nat(),
        offset: fc.oneof(fc.nat(8), fc.nat()),
        value: word,
        target: fc.nat(),
        link: fc.boolean(),
      })
      fc.assert(
        fc.property(fc.array(hit, { minLength: 1, maxLength: 20 }), fc.boolean(), (hits, drop) => {
          const made = state(shift, form)
          const { memory, geo, first, end } = made
          const pages = pagesOf(memory, first, end, geo.pageSize)
          for (const { page, offset, value, target, link } of hits) {
            const at = (offset % (geo.pageSize / 8)) * 8
            const pointer = BigInt(pages[target % pages.length]!)
            damage(memory, pages[page % pages.length]!, at, link ? pointer : value)
          }
          if (drop) memory.drop(pages[hits[0]!.target % pages.length]!)
          expect(decodeAll(made)).toBeLessThan(2_000_000)
        }),
        { numRuns: shift === 12 ? 40 : 10 },
      )
    },
  )

  it('of noise give faults', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.nat(255)),
        fc.constantFrom('LUO', 'memblock', 'kho_test', 'kexec-metadata'),
        (noise, name) => {
          const geo = geometry(12)
          const memory = testMemory(geo)
          const { address, bytes } = memory.allocate(1)
          for (let at = 0; at < 256; at++) bytes[at] = noise.next().value as number
          const blob = decodeBlob(memory, { name, address, size: 73, geometry: geo })
          expect(blob.faults.length).toBeGreaterThan(0)
        },
      ),
    )
  })
})
