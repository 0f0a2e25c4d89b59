import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXIT_OF } from '../../../src/commands/shared/exit-codes.js'
import { COMMANDS } from '../../../src/commands/table.js'
import { fixture, kho } from './kho.js'

const IMAGE = fixture('reserve-only-256m.s1-kexec')
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-cli-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('help and version', () => {
  it('prints the version', async () => {
    const ran = await kho(['--version'])
    expect(ran).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' })
  })

  it('lists every command', async () => {
    for (const args of [['--help'], ['help']]) {
      const ran = await kho(args)
      expect(ran.code).toBe(0)
      for (const command of COMMANDS) expect(ran.out).toContain(`  ${command.name} `)
    }
  })

  it.each(COMMANDS.map(command => command.name))('explains %s', async name => {
    const help = await kho(['help', name])
    expect(help).toEqual({ code: 0, out: expect.stringContaining(`Usage: kho ${name}`), err: '' })
    expect((await kho([name, '--help'])).out).toBe(help.out)
  })

  it('is wrong usage without a command, and still says what there is', async () => {
    const ran = await kho([])
    expect(ran.code).toBe(2)
    expect(ran.out).toBe('')
    expect(ran.err).toContain('dump')
  })
})

describe('wrong usage', () => {
  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['pagse', IMAGE], 'did you mean pages?'],
    [['help', 'frobnicate'], "unknown command 'frobnicate'"],
    [['pages'], "missing required argument 'IMAGE'"],
    [['pages', IMAGE, 'more'], 'too many arguments'],
    [['pages', IMAGE, '--frob'], "unknown option '--frob'"],
    [['pages', IMAGE, '--base'], "option '--base <PHYS>' argument missing"],
    [['pages', IMAGE, '--base', '12x'], "--base: '12x' is no address; write it like 0x60d000"],
    [['pages', IMAGE, '--page-size', '8K'], "--page-size: '8K' is no page size; write 4K, 16K or 64K"],
    [['pages', IMAGE, '--root', 'sideways'], "'sideways' is neither incoming, outgoing nor an address"],
    [['pages', IMAGE, '--format', 'zip'], "--format: 'zip' is none of elf, kdump, lime, debugfs, raw"],
    [['pages', IMAGE, '--color', 'yes'], "--color: 'yes' is none of auto, always, never"],
    [['pages', IMAGE, '--abi', 'kho-v9'], "--abi: 'kho-v9' is none of kho-v4"],
    [['pages', IMAGE, '--ram', '5-5'], "--ram: '5-5' is no range"],
    [['pages', IMAGE, '--map', '1=2'], "--map: '2' is no extent"],
    [['pages', IMAGE, '--json', '--ndjson'], '--json and --ndjson exclude each other'],
    [['dump', IMAGE, '5'], "'5' is an address, not a path"],
    [['schema', 'frob'], "no schema is called 'frob'"],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
  ])('kho %j', async (args, message) => {
    const ran = await kho(args)
    expect(ran.err).toContain(message)
    expect(ran.err).toMatch(/^(kho: .*\n)+$/)
    expect(ran.out).toBe('')
    expect(ran.code).toBe(2)
  })

  it('cannot write its message over the terminal', async () => {
    const ran = await kho(['pages', '\u001b[2Jx\n', '--base', '\u001b]0;owned\u0007'])
    expect(ran.err).toBe("kho: --base: '\\x1b]0;owned\\x07' is no address; write it like 0x60d000\n")
  })
})

describe('what cannot be read or written', () => {
  it.each([
    ['a file that is not there', 'gone.elf', 3],
    ['a folder', '.', 3],
  ])('%s', async (_what, name, code) => {
    const ran = await kho(['pages', join(folder, name)])
    expect(ran).toEqual({ code, out: '', err: expect.stringMatching(/^kho: /) })
  })

  it('a file without KHO state', async () => {
    const file = join(folder, 'zeros')
    writeFileSync(file, new Uint8Array(1 << 20))
    const ran = await kho(['pages', file])
    expect(ran).toEqual({ code: 4, out: '', err: expect.stringContaining('no KHO state') })
    expect((await kho(['pages', file, '--quiet'])).err).not.toContain('hint')
  })

  it('an output file in a folder that is not there', async () => {
    const ran = await kho(['pages', IMAGE, '-o', join(folder, 'no/such/file')])
    expect(ran).toEqual({ code: 6, out: '', err: expect.stringContaining('ENOENT') })
  })

  it('an output file that is the image, by whatever name', async () => {
    const copy = join(folder, 'copy.elf')
    const link = join(folder, 'link.elf')
    const bytes = readFileSync(IMAGE)
    writeFileSync(copy, bytes)
    symlinkSync(copy, link)
    const ran = await kho(['pages', copy, '-o', link])
    expect(ran).toEqual({ code: 2, out: '', err: expect.stringContaining('would overwrite ') })
    expect(readFileSync(copy).equals(bytes)).toBe(true)
  })
})

describe('output', () => {
  it('goes to a file just as to standard output', async () => {
    const file = join(folder, 'pages.txt')
    const plain = await kho(['pages', IMAGE])
    expect(await kho(['pages', IMAGE, '-o', file])).toEqual({ code: 0, out: '', err: '' })
    expect(readFileSync(file, 'utf8')).toBe(plain.out)
  })

  it('leaves no file behind when there is no answer', async () => {
    const file = join(folder, 'none.txt')
    expect((await kho(['pages', fixture('basic-1g.s2-in'), '--root', 'incoming', '-o', file])).code).toBe(5)
    expect(existsSync(file)).toBe(false)
  })

  it('to a closed pipe is no error', async () => {
    expect(await kho(['dump', IMAGE, '--json'], { closesAfter: 0 })).toEqual({ code: 0, out: '', err: '' })
  })

  it.each([
    [{ outIsTerminal: true }, [], true],
    [{ outIsTerminal: true, env: { NO_COLOR: '1' } }, [], false],
    [{ outIsTerminal: true, env: { TERM: 'dumb' } }, [], false],
    [{ env: { FORCE_COLOR: '1' } }, [], true],
    [{ env: { FORCE_COLOR: '0' }, outIsTerminal: true }, [], false],
    [{}, [], false],
    [{}, ['--color', 'always'], true],
    [{ env: { NO_COLOR: '1' } }, ['--color', 'always'], true],
    [{ outIsTerminal: true, env: { FORCE_COLOR: '1' } }, ['--color', 'never'], false],
  ])('is coloured as asked: %j %j', async (setting, args, coloured) => {
    const ran = await kho(['dump', IMAGE, ...args], setting)
    expect(ran.code).toBe(0)
    expect(ran.out.includes('\u001b[')).toBe(coloured)
  })
})

describe('exit codes', () => {
  it('are those of docs/cli.md', () => {
    expect(EXIT_OF).toEqual({
      usage: 2,
      unreadable: 3,
      'unknown-format': 3,
      unsupported: 3,
      'bad-fdt': 3,
      'no-state': 4,
      'no-part': 4,
      'broken-state': 5,
      'cannot-express': 5,
      missing: 6,
      'no-space': 6,
      'bad-sequence': 70,
    })
  })
})
