import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'
import { FIRST_FOLIO, MANY, manyFolios } from '../owners/folios-300k.js'
import { machine } from '../owners/synthetic.js'

let folder = ''
let big = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-owner-'))
  big = join(folder, 'big.elf')
  writeFileSync(big, manyFolios().image())
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kho pages --owner', () => {
  const image = fixture('basic-1g.s1-kexec')

  it('adds a column to the same lines', async () => {
    const plain = (await kho(['pages', image])).out.trimEnd().split('\n')
    const owned = (await kho(['pages', image, '--owner'])).out.trimEnd().split('\n')
    expect(owned.map(line => line.split(' ').slice(0, 2).join(' '))).toEqual(plain)
    expect(owned[0]).toBe('0x60d000 0 fdt')
    expect(owned).toContain('0x3d600000 9 memblock/khotrace')
    expect(owned.some(line => line.endsWith(' -'))).toBe(false)
    const json = JSON.parse((await kho(['pages', image, '--owner', '--json'])).out) as { blocks: object[] }
    expect(json.blocks).toHaveLength(plain.length)
    expect(json.blocks[0]).toEqual({ address: '0x60d000', order: 0, owner: 'fdt', moreOwners: 0 })
  })

  it('does not merge ranges across owners', async () => {
    const merged = (await kho(['pages', image, '--ranges', '--ndjson'])).out.trimEnd().split('\n')
    const ran = await kho(['pages', image, '--ranges', '--owner'])
    const lines = ran.out.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(merged.length)
    const size = (line: string) => Number(line.split(' ')[1])
    const whole = merged.map(line => JSON.parse(line) as { start: string; end: string })
    expect(lines.reduce((sum, line) => sum + size(line), 0)).toBe(
      whole.reduce((sum, { start, end }) => sum + Number(end) - Number(start), 0),
    )
    const json = await kho(['pages', image, '--ranges', '--owner', '--json'])
    const { ranges } = JSON.parse(json.out) as { ranges: object[] }
    expect(ranges).toHaveLength(lines.length)
    expect(ranges[0]).toEqual({ start: '0x60d000', end: '0x60e000', owner: 'fdt', moreOwners: 0 })
  })

  it('names the first of several owners, and marks what nobody claims', async () => {
    const made = machine()
    const orphan = made.allocate(4).address
    const file = made.memfd(1n, new Uint8Array(1))
    made.addLuo({ sessions: [{ name: 'a"\\b', files: [file, { ...file, token: 2n }] }] })
    const path = join(folder, 'made.elf')
    writeFileSync(path, made.image())
    const { out } = await kho(['pages', path, '--owner'])
    expect(out).toContain(`0x${orphan.toString(16)} 2 -\n`)
    expect(out).toContain(`0x${file.data.toString(16)} 0 luo/sessions/a"\\b/files/1/memfd +1\n`)
    const json = JSON.parse((await kho(['pages', path, '--owner', '--json'])).out) as {
      blocks: { address: string; owner: string | null; moreOwners: number }[]
    }
    const found = json.blocks.find(block => block.address === `0x${file.data.toString(16)}`)
    expect(found).toMatchObject({ owner: 'luo/sessions/a"\\b/files/1/memfd', moreOwners: 1 })
  })

  it('answers for 300,000 folios', async () => {
    const address = FIRST_FOLIO + 12_345 * 8192
    const owned = await kho(['pages', big, '--owner'])
    expect(owned.out.split('\n').length).toBeGreaterThan(MANY)
    const ran = await kho(['whois', big, `0x${address.toString(16)}`])
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('owner     luo/sessions/big/files/7/folios/12345 (data, memfd-v2;')
  })
})
