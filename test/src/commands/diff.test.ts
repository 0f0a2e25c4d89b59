import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'
import { SCHEMAS } from '../cli/valid.js'

const KEXEC = fixture('basic-1g.s1-kexec')
const EARLY = fixture('basic-1g.s2-early')
const LATE = fixture('basic-1g.s2-in')
const CHAIN = fixture('chain-512m.s2-kexec')
const RESERVE = fixture('reserve-only-256m.s1-kexec')

const validate = new Ajv2020({ strict: true }).compile(SCHEMAS.get('diff')!)

interface Document {
  same: boolean
  changes: { path: string; class: string; a: { ranges: unknown[] } | null; b: { ranges: unknown[] } | null }[]
  totals: { changes: number; ignored: number; classes: Record<string, number> }
}

async function json(...args: string[]): Promise<Document> {
  const { out } = await kho(['diff', ...args, '--json'])
  const document = JSON.parse(out) as Document
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  return document
}

describe('kho diff', () => {
  it('of two moments of one state: the same, and what the dumps lack is unknown', async () => {
    const ran = await kho(['diff', KEXEC, EARLY])
    expect(ran.code).toBe(0)
    expect(ran.err).toBe('')
    const lines = ran.out.trimEnd().split('\n')
    expect(lines.at(-1)).toBe('same; 4 unknown')
    expect(lines.slice(0, -1).every(line => line.startsWith('? '))).toBe(true)
    expect(lines[1]).toBe('? memblock/khotrace unknown: content; 2 MiB not in A, 2 MiB not in B')
  })

  it('says null of a scratch area whose size no memory can have', async () => {
    // In the root FDT: 0x10000000, and a word behind it that is no size.
    const found = await json(
      EARLY,
      KEXEC,
      '--structure',
      '--scratch',
      '0x60d018+16',
      '--b-scratch',
      '0x60d038+16',
    )
    const sides = found.changes.filter(({ path }) => path.startsWith('scratch')).flatMap(({ a, b }) => [a, b])
    expect(sides).toContainEqual(expect.objectContaining({ value: 'scratch area', bytes: null }))
  })

  it('of an image and itself: the same, nothing to say', async () => {
    const ran = await kho(['diff', CHAIN, CHAIN, '--structure', '--ignore', 'unknown'])
    expect(ran).toEqual({ code: 0, out: expect.stringMatching(/^same; \d+ ignored\n$/), err: '' })
  })

  it('says only in A, only in B, in both, by the first character of a line', async () => {
    const ran = await kho(['diff', RESERVE, CHAIN])
    expect(ran.code).toBe(1)
    const lines = ran.out.trimEnd().split('\n')
    expect(lines).toContain(
      '- memblock/ramoops removed: reserve_mem region, 1 MiB; 1 MiB: 0xf807000-0xf907000 (1 MiB)',
    )
    expect(lines).toContain(
      '+ luo/sessions/chained-session added: session of 2 files; 4 KiB: 0x118b000-0x118c000 (4 KiB)',
    )
    expect(lines).toContain('~ kexec-metadata content-changed: kexecCount 1 → 2')
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^[-+~?] [a-z]\S* [a-z-]+: \S/)
  })

  it('is the mirror of the other way round', async () => {
    const [there, back] = [await json(RESERVE, CHAIN), await json(CHAIN, RESERVE)]
    expect(there.totals.classes.added).toBe(back.totals.classes.removed)
    expect(there.totals.changes).toBe(back.totals.changes)
  })

  it('without B compares the incoming with the outgoing state', async () => {
    const { out, code } = await kho(['diff', LATE])
    expect(code).toBe(1)
    expect(out).toContain('- luo/sessions/vm-a removed: session of 2 files')
    expect(out).toMatch(/^\? tracker unknown: pages; A's preserved set is not known: .*overwritten/m)
    const back = await kho(['diff', LATE, '--root', 'outgoing', '--b-root', 'incoming'])
    expect(back.out).toContain('+ luo/sessions/vm-a added: session of 2 files')
    const same = await kho(['diff', LATE, '--root', '0x120f000', '--ignore', 'unknown'])
    expect(same.code).toBe(0)
  })

  it('gives the options of both images to both, and those with --b- to the second', async () => {
    const both = await json(LATE, LATE, '--root', 'incoming')
    expect(both.same).toBe(true)
    const second = await json(LATE, LATE, '--b-root', 'incoming')
    expect(second.same).toBe(false)
  })

  it('says where there is no such state', async () => {
    expect(await kho(['diff', KEXEC])).toEqual({
      code: 4,
      out: '',
      err: expect.stringContaining('no incoming root'),
    })
    expect((await kho(['diff', KEXEC, EARLY, '--b-root', 'outgoing'])).code).toBe(4)
  })

  it.each([
    [['diff', KEXEC, EARLY, '--ignore', 'a//b'], "--ignore: 'a//b' has an empty segment"],
    [['diff', LATE, '--b-base', '0'], '--b- options but --b-root are about a second image'],
    [['diff', KEXEC, EARLY, '--json', '--stat'], '--json and --stat exclude each other'],
  ])('refuses %j', async (args, message) => {
    expect(await kho(args)).toEqual({ code: 2, out: '', err: expect.stringContaining(message) })
  })

  it('shows structure when asked, and counts it then', async () => {
    const plain = await kho(['diff', KEXEC, KEXEC, '--b-abi', 'kho-v3'])
    expect(plain.code).toBe(0)
    expect(plain.out).toMatch(/structure: 1 version \(--structure shows them\)\n$/)
    const full = await kho(['diff', KEXEC, KEXEC, '--b-abi', 'kho-v3', '--structure'])
    expect(full.code).toBe(1)
    expect(full.out).toContain('~ fdt version: abi kho-v4 → kho-v3')
  })

  it('ends long lists, and does not with --all', async () => {
    const short = await kho(['diff', RESERVE, KEXEC])
    expect(short.out).toMatch(/^\+ luo\/sessions\/vm-b\/files\/\d+ added: .*, … 10 more$/m)
    const all = await kho(['diff', RESERVE, KEXEC, '--all'])
    expect(all.out).not.toMatch(/… \d+ more/)
  })

  it('sums up by owner with --stat', async () => {
    const { out, code } = await kho(['diff', RESERVE, CHAIN, '--stat'])
    expect(code).toBe(1)
    expect(out).toMatch(/^memblock\/ramoops +\| 1 - -1 MiB \+0 bytes$/m)
    expect(out).toMatch(/^luo\/sessions\/chained-session +\| 3 \+\+\+ -0 bytes \+\d+ KiB$/m)
    expect(out).toMatch(/^\d+ changes in \d+ owners; .* less and .* more preserved; 1 unknown\n$/m)
  })

  it('is coloured like a diff', async () => {
    const { out } = await kho(['diff', RESERVE, CHAIN, '--color', 'always'])
    expect(out).toContain('\u001b[31m- memblock/ramoops')
    expect(out).toContain('\u001b[32m+ luo/sessions/chained-session ')
    expect(out).toContain('\u001b[33m~ kexec-metadata')
  })
})

describe('kho diff --json', () => {
  it('lists what counts, with all ranges', async () => {
    const document = await json(RESERVE, CHAIN)
    expect(document.same).toBe(false)
    const gone = document.changes.find(change => change.path === 'memblock/ramoops')
    expect(gone).toMatchObject({
      class: 'removed',
      a: { bytes: 1048576, ranges: [{ start: '0xf807000', end: '0xf907000' }] },
      b: null,
    })
    expect(document.changes.some(change => change.class === 'address')).toBe(false)
    expect(
      (await json(RESERVE, CHAIN, '--structure')).changes.some(change => change.class === 'address'),
    ).toBe(true)
    expect((await json(RESERVE, CHAIN, '--ignore', 'luo')).totals.ignored).toBeGreaterThan(0)
  })

  it('has a schema that notices a wrong document', async () => {
    const document = await json(KEXEC, EARLY)
    expect(validate({ ...document, same: 'yes' })).toBe(false)
    expect(validate({ ...document, changes: [{ path: 'luo' }] })).toBe(false)
  })
})

describe('the images of these tests', () => {
  it('are not written to', async () => {
    const before = readFileSync(KEXEC)
    const ran = await kho(['diff', EARLY, KEXEC, '-o', KEXEC])
    expect(ran.code).toBe(2)
    expect(readFileSync(KEXEC).equals(before)).toBe(true)
  })
})
