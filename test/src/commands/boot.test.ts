import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

const IMAGE = fixture('basic-1g.s1-kexec')
const folder = mkdtempSync(join(tmpdir(), 'kho-boot-'))
const mail = join(folder, 'mail.elf')
const v5 = join(folder, 'v5.elf')

beforeAll(async () => {
  for (const [to, path] of [
    ['mail-table', mail],
    ['v5', v5],
  ] as const) {
    expect((await kho(['convert', IMAGE, '--to', to, '-o', path, '--quiet'])).code).toBe(0)
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Document {
  kernel: string
  end: string
  reservations: { who: string; order: number | null; private: string | null }[]
  skipped: { pages: number; ranges: number }
  restored: { function: string; order: number | null; oops: boolean }[]
  lookedUp: { address: string; skipped: boolean; steps: { node: string }[] }[]
}

async function documentOf(...args: string[]): Promise<Document> {
  const { out } = await kho(['boot', ...args, '--json'])
  const document = JSON.parse(out) as Document
  expectValid('boot', document)
  return document
}

describe('kho boot', () => {
  it('follows the kernel that wrote the image, and says as much in JSON as in lines', async () => {
    const document = await documentOf(IMAGE)
    expect(document.end).toBe('done')
    const { out } = await kho(['boot', IMAGE, '--reservations'])
    expect(out.trim().split('\n')).toHaveLength(document.reservations.length)
    const blocks = document.reservations.filter(({ order }) => order !== null)
    // "KHOP", and the order.
    for (const { order, private: info } of blocks) {
      expect(BigInt(info!)).toBe((0x4b484f50n << 32n) | BigInt(order!))
    }
    expect((await kho(['boot', IMAGE, '--skipped'])).out.trim().split('\n')).toHaveLength(
      document.skipped.ranges,
    )
  })

  it('restores in the words of each kernel', async () => {
    const lines = async (path: string) => (await kho(['boot', path, '--restore', '0x800000'])).out.split('\n')
    expect((await lines(IMAGE))[0]).toBe(
      '0x800000 kho_restore_folio: a folio of order 10, its head page of count 1, 1023 tail pages of count 0, one compound page',
    )
    expect((await lines(IMAGE))[1]).toContain('again, NULL, with a WARN')
    const early = await lines(v5)
    expect(early[0]).toBe(
      '0x800000 kho_restore_folio: a folio of order 10, one compound page; the counts of its 1024 pages stay what they were',
    )
    expect(early[2]).toBe('0x800000 kho_restore_phys: one page, its count 1')
    expect((await documentOf(v5, '--restore', '0x800000')).restored).toHaveLength(4)
  })

  it('keeps as much from the allocator in the way of the mail, and reserves nothing for it', async () => {
    const [there, here] = [await documentOf(v5), await documentOf(mail)]
    expect(here.reservations.map(({ who }) => who)).toEqual(['fdt', 'scratch'])
    expect(there.reservations.length).toBeGreaterThan(300)
    expect(here.skipped.pages).toBe(there.skipped.pages)
    const { out, code } = await kho(['boot', mail, '--look-up', '0x800000', '0x3000000'])
    expect(code).toBe(0)
    const [first, second] = out.split('\n')
    expect(first).toMatch(
      /^0x800000 skipped: (?:tracker\/nodes\/0x[0-9a-f]+\[0\] → ){3}tracker\/nodes\/\S+ bit 2048$/,
    )
    expect(second).toMatch(/^0x3000000 handed to the page allocator: tracker\/nodes\/.* bit 12288$/)
    const { lookedUp } = await documentOf(mail, '--look-up', '0x800000')
    expect(lookedUp).toMatchObject([{ address: '0x800000', skipped: true, steps: { length: 4 } }])
  })

  it('says of others that they look nothing up', async () => {
    const ran = await kho(['boot', IMAGE, '--look-up', '0x800000'])
    expect(ran).toMatchObject({ code: 2, out: '' })
    expect(ran.err).toContain('walks the map and reserves each block')
    expect((await kho(['boot', IMAGE, '--reader', 'array'])).code).toBe(2)
    expect((await kho(['boot', '/nowhere'])).code).toBe(3)
  })
})
