import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../../src/cli/main.js'
import { HOSTILE_NAMES, hostileImage } from '../cli/hostile.js'
import { fixture, kho } from '../cli/kho.js'

const IMAGE = fixture('basic-1g.s1-kexec')
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-whois-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** With addresses on standard input. */
async function piped(args: string[], input: string): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await run(args, {
    out: bytes => {
      out += Buffer.from(bytes).toString()
    },
    err: text => {
      err += text
    },
    outIsTerminal: false,
    errIsTerminal: false,
    env: {},
    input: () => input,
  })
  return { code, out, err }
}

describe('kho whois', () => {
  it('says what a preserved address is', async () => {
    const ran = await kho(['whois', IMAGE, '0x60d000'])
    expect(ran.code).toBe(0)
    expect(ran.err).toBe('')
    expect(ran.out).toBe(`0x60d000  preserved, order 0, 0x60d000-0x60e000 (4 KiB)
  tracker   tracker/nodes/0x630000[2] → tracker/nodes/0x60e000[0] → tracker/nodes/0x60f000[0] → tracker/nodes/0x610000[0] → tracker/nodes/0x611000[0] → tracker/nodes/0x612000 bit 1549
  owner     fdt (blob, kho-v4; 0x60d000-0x60d195)
  memory    RAM
  next      order 0, 0x613000-0x614000 (4 KiB)
  restore   kho boot ${IMAGE} --restore 0x60d000
`)
  })

  it('exits 1 when one is not preserved, and says what may have been meant', async () => {
    const ran = await kho(['whois', IMAGE, '0x60d000', '0x60d', '0xffff88800060d000'])
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('0x60d  not preserved')
    expect(ran.out).toContain('page frame number')
    expect(ran.out).toContain('direct map')
  })

  it('has one element for each address in JSON, whatever it is', async () => {
    const ran = await kho(['whois', IMAGE, '6344704', '0xfffffffffffff000', '--json'])
    expect(ran.code).toBe(1)
    const { schema, addresses } = JSON.parse(ran.out) as {
      schema: string
      addresses: Record<string, unknown>[]
    }
    expect(schema).toBe('kho/whois/1')
    expect(addresses[0]).toMatchObject({
      address: '0x60d000',
      preserved: true,
      block: { address: '0x60d000', order: 0 },
      trackerPath: expect.stringMatching(/^tracker\/nodes\/0x630000\[2\] > .* bit 1549$/),
      owners: [{ path: 'fdt', kind: 'blob', start: '0x60d000', end: '0x60d195' }],
      memory: 'ram',
    })
    expect(addresses[1]).toMatchObject({ address: '0xfffffffffffff000', preserved: false, block: null })
  })

  it('reads the output of `kho pages` from standard input', async () => {
    const pages = await kho(['pages', IMAGE])
    const ran = await piped(['whois', IMAGE, '--ndjson'], pages.out)
    expect(ran.code).toBe(0)
    const lines = ran.out.trimEnd().split('\n')
    expect(lines).toHaveLength(pages.out.trimEnd().split('\n').length)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ preserved: true, owners: [{}] })
  })

  it.each([
    [[], 'no address given'],
    [['12x'], "'12x' is no address"],
    [['60d000f'], 'hexadecimal numbers begin with 0x'],
    [['0x10000000000000000'], 'is no address'],
  ])('refuses %j', async (addresses, message) => {
    const ran = await piped(['whois', IMAGE, ...addresses], '\n')
    expect(ran.err).toContain(message)
    expect(ran).toMatchObject({ code: 2, out: '' })
  })

  it('does not judge by a map that is stale', async () => {
    const ran = await kho(['whois', fixture('basic-1g.s2-in'), '0x60d000', '--root', 'incoming'])
    expect(ran).toMatchObject({ code: 5, out: '' })
    expect(ran.err).toContain('--root 0x120f000 (outgoing) has a live map')
  })

  it('shows hostile names escaped', async () => {
    const file = join(folder, 'hostile.elf')
    writeFileSync(file, hostileImage())
    const owned = await kho(['pages', file, '--owner'])
    const addresses = owned.out
      .split('\n')
      .flatMap(line => (line.includes('/memfd') ? [line.split(' ')[0]!] : []))
    expect(addresses).toHaveLength(HOSTILE_NAMES.length)
    for (const args of [
      ['whois', file, ...addresses],
      ['pages', file, '--owner'],
      ['dump', file],
    ]) {
      const ran = await kho(args)
      expect(ran.code).toBe(0)
      expect(ran.out).toMatch(/^[\n\u0020-\u007e\u2026\u2192]*$/)
    }
    const whois = await kho(['whois', file, ...addresses])
    expect(whois.out).toContain('luo/sessions/..%2F..%2Fx/files/3/memfd')
    expect(whois.out).toContain('luo/sessions/%1B[2J%1B]0;owned%07/files/0/memfd')
    expect(whois.out).toContain('luo/sessions/%FF%FE%80caf%C3/files/2/memfd')
    expect(whois.out).toContain(`luo/sessions/${'A'.repeat(64)}/files/6/memfd`)
  })
})
