import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostileImage } from '../cli/hostile.js'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'
import { manySessions } from '../stat/scenarios.js'

const IMAGE = fixture('basic-1g.s2-early')
let folder = ''
let many = ''
let some = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-stat-'))
  many = join(folder, 'many.elf')
  writeFileSync(many, manySessions(100, 100))
  some = join(folder, 'some.elf')
  writeFileSync(some, manySessions(12, 12))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('kho stat', () => {
  it('says on one screen what there is', async () => {
    const { code, out, err } = await kho(['stat', IMAGE])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const lines = out.split('\n')
    expect(lines[0]).toBe('written by 7.2.13-khotest (kexec-metadata), kho-v4, kexec 1')
    expect(lines[1]).toBe(`image      ${IMAGE}: elf, 1.3 MiB of memory in 34 ranges, pages of 4 KiB`)
    expect(out).toContain('\noutcome    ok for 7.2.13\n')
    expect(out).toContain(
      '\nholds      323 blocks, 11.2 MiB preserved; 168 KiB of tracker; 2 sessions, 3 files, 2 regions\n',
    )
    expect(out).toContain('\n  vm-a               2 files   76.1 KiB     20      0      -\n')
    expect(out).toContain('\n    2                memfd-v2  12.1 KiB      4      0      -\n')
    expect(out).toContain('\n  khotrace  0x3d600000  2 MiB\n')
    expect(out).toContain('\nfindings   0 errors, 0 warnings, 1 note\n  info DUMP-BLIND-SPOT - -: ')
    expect(lines.length).toBeLessThan(26)
  })

  it('is what an image alone, and ls, mean', async () => {
    const plain = await kho(['stat', IMAGE])
    expect(await kho([IMAGE])).toEqual(plain)
    expect(await kho(['ls', IMAGE])).toEqual(plain)
    expect(await kho([IMAGE, '--json'])).toEqual(await kho(['stat', IMAGE, '--json']))
    expect((await kho(['help', 'ls'])).out).toBe((await kho(['stat', '--help'])).out)
  })

  it('takes neither a name that is no file nor an option for an image', async () => {
    expect(await kho(['no-such-file'])).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown command 'no-such-file'"),
    })
    expect((await kho(['--json'])).err).toContain("unknown option '--json'")
  })

  it('answers in JSON that its schema describes', async () => {
    for (const args of [[IMAGE], [fixture('basic-1g.s2-in'), '--root', 'incoming'], [some]]) {
      const { out } = await kho(['stat', ...args, '--json'])
      expectValid('stat', JSON.parse(out))
    }
    const { out } = await kho(['stat', IMAGE, '--json'])
    expect(JSON.parse(out)).toMatchObject({
      writer: { release: '7.2.13-khotest', abi: 'kho-v4', kexecCount: 1 },
      root: { address: '0x60d000', direction: 'incoming' },
      sessions: [
        { name: 'vm-a', files: [{ token: '1', handler: 'memfd-v2', size: 65536 }, { token: '2' }] },
        { name: 'vm-b', files: [{ token: '244837814094590' }] },
      ],
      findings: { errors: 0, warnings: 0, notes: 1 },
    })
  })

  it('says not known of what rests on a map that is gone', async () => {
    const { out } = await kho(['stat', fixture('basic-1g.s2-in'), '--root', 'incoming'])
    expect(out).toContain('preserved memory not known (the map was read and freed when this kernel booted)')
    expect(out).toContain('\n    1                memfd-v2    64 KiB      ?      ?      ?\n')
    expect(out).toContain('\noutcome    unknown for 7.2.13\n           TRACKER-STALE: ')
  })

  it('judges as the reader that is asked for, as validate does', async () => {
    const stat = await kho(['stat', IMAGE, '--reader', '6.19', '--json'])
    const validate = await kho(['validate', IMAGE, '--reader', '6.19', '--json'])
    const { reason, ...outcome } = JSON.parse(stat.out).outcome
    expect(outcome).toEqual(JSON.parse(validate.out).outcome)
    expect(reason).toContain('incompatible')
  })

  it('cannot be made to write over the terminal', async () => {
    const file = join(folder, 'hostile.elf')
    writeFileSync(file, hostileImage())
    const { code, out } = await kho(['stat', file])
    expect(code).toBe(0)
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(out).toContain('\\x1b[2J')
  })
})

describe('of many sessions', () => {
  it('100 with 10,000 files: the largest fit on a screen, and the rest is summed', async () => {
    const { out } = await kho(['stat', many])
    const lines = out.split('\n')
    expect(lines.length).toBeLessThan(55)
    expect(out).toContain('; 100 sessions, 10,000 files, 0 regions\n')
    expect(out).toContain('\n  … 92 more sessions: 9,200 files, 89.8 MiB (--top N, --json)\n')
    expect(out).toContain('    … 98 more files\n')
  })

  it('--top and --sort choose', async () => {
    const { out } = await kho(['stat', some, '--top', '3', '--sort', 'name'])
    const rows = out.split('\n').filter(line => /^ {2,4}(vm-)?\d+ /.test(line))
    expect(rows.map(row => row.trim().split(/ +/)[0])).toEqual(
      ['vm-0', 'vm-1', 'vm-10'].flatMap(name => [name, '1', '2', '3']),
    )
    const bySize = await kho(['stat', some, '--top', '1', '--sort', 'size'])
    expect(bySize.out).toMatch(/\n {4}4 +memfd-v2 +16 KiB +4 +0 +-\n/)
    const json = JSON.parse((await kho(['stat', some, '--sort', 'pages', '--json'])).out)
    expect(json.sessions).toHaveLength(12)
    expect(json.sessions[0].files.map(({ pages }: { pages: number }) => pages)).toEqual(
      [4, 3, 2, 1].flatMap(pages => [pages, pages, pages]),
    )
  })

  it.each([
    [['--top', 'all'], "--top: 'all' is no number of sessions; write it like 20"],
    [['--sort', 'weight'], "--sort: 'weight' is none of given, name, size, pages, files"],
  ])('refuses %j', async (args, message) => {
    const ran = await kho(['stat', IMAGE, ...args])
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) })
  })
})
