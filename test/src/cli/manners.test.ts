import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { wrapLines, wrapWords } from '../../../src/commands/shared/wrap.js'
import { COMMANDS } from '../../../src/commands/table.js'
import { asciiText } from '../../../src/render/ascii.js'
import { KHO, requireBuild } from '../../built.js'
import { fixture, kho } from './kho.js'

const IMAGE = fixture('basic-1g.s2-early')
const NARROW = { outIsTerminal: true, columns: 80, env: { NO_COLOR: '1' } }

/** Words of a text, whatever blanks and line breaks stand between them. */
const words = (text: string) => text.split(/\s+/).filter(word => word !== '')

describe('lines on a terminal', () => {
  it.each([['dump'], ['validate'], ['rules', 'RADIX-CYCLE'], ['abi']])(
    'of kho %s break between words',
    async (command, ...rest) => {
      const args = command === 'dump' || command === 'validate' ? [command, IMAGE] : [command, ...rest]
      const plain = await kho(args)
      const shown = await kho(args, NARROW)
      expect(words(shown.out)).toEqual(words(plain.out))
      const long = shown.out.split('\n').filter(line => line.length > 80)
      expect(long.filter(line => words(line).length > 1)).toEqual([])
    },
  )

  it('keep their indentation where they go on', () => {
    expect(wrapLines('  one two three four five', 14)).toBe('  one two\n      three\n      four\n      five')
    expect(wrapLines('short\n\nlines', 14)).toBe('short\n\nlines')
  })

  it('keep their colours, which take no room', () => {
    const blue = (text: string) => `\u001b[34m${text}\u001b[39m`
    expect(wrapLines(blue('1234567890'), 10)).toBe(blue('1234567890'))
    expect(wrapLines(blue('12345 67890 1234'), 12)).toBe(
      `${blue('12345')}\n    ${blue('67890')}\n    ${blue('1234')}`,
    )
  })

  it('are as long as they are in a pipe, in a file and in JSON', async () => {
    const plain = await kho(['dump', IMAGE])
    expect(await kho(['dump', IMAGE], { columns: 80 })).toEqual(plain)
    const json = await kho(['dump', IMAGE, '--json'])
    expect((await kho(['dump', IMAGE, '--json'], NARROW)).out).toBe(json.out)
    const schema = await kho(['schema', 'validate'])
    expect((await kho(['schema', 'validate'], NARROW)).out).toBe(schema.out)
    const sarif = await kho(['validate', IMAGE, '--as', 'sarif'])
    expect((await kho(['validate', IMAGE, '--as', 'sarif'], NARROW)).out).toBe(sarif.out)
  })

  it('of kho hex have fewer bytes, and the same ones', async () => {
    const row = /^[0-9a-f]{9,16} {2}[0-9a-f]{9,16} {2}((?:[0-9a-f]{2} )+)/gm
    const bytes = (text: string) => [...text.matchAll(row)].map(([, hex]) => hex).join('')
    for (const path of ['kexec-metadata', 'luo/sessions/#0', 'fdt']) {
      const wide = await kho(['hex', IMAGE, path])
      const narrow = await kho(['hex', IMAGE, path], NARROW)
      expect(bytes(narrow.out)).toBe(bytes(wide.out))
      expect(narrow.out.split('\n').filter(line => line.length > 80)).toEqual([])
      expect((await kho(['hex', IMAGE, path], { ...NARROW, columns: 140 })).out).toBe(wide.out)
    }
  })

  it('of a help are those of its terminal', async () => {
    const lines = (await kho(['help', 'validate'], { ...NARROW, columns: 60 })).out.split('\n')
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(60)
  })
})

describe('a locale without UTF-8', () => {
  const text = 'a … b → ─│┌ █▀ é \u{1f600}'

  it('has arrows and dots in ASCII, and the bytes of what has no such form', () => {
    expect(asciiText(text)).toBe('a ... b -> -|+ ## \\xc3\\xa9 \\xf0\\x9f\\x98\\x80')
    expect(asciiText('plain')).toBe('plain')
  })

  it.each([
    [{ LANG: 'C' }, false],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{ LANG: 'C.UTF-8' }, true],
    [{ LANG: 'C', LC_ALL: 'en_GB.utf8' }, true],
    [{ LANG: 'en_GB.UTF-8', LC_CTYPE: 'POSIX' }, false],
    [{}, true],
  ])('%j', async (env, utf8) => {
    for (const args of [
      ['dump', IMAGE],
      ['hex', IMAGE, 'luo'],
      ['diff', IMAGE, fixture('basic-1g.s1-kexec')],
    ]) {
      const ran = await kho(args, { env: env as Record<string, string> })
      expect(ran.out).not.toBe('')
      if (!utf8) expect(ran.out + ran.err).toMatch(/^[\x00-\x7f]*$/)
    }
    const more = (await kho(['dump', IMAGE], { env: env as Record<string, string> })).out
    expect(more).toContain(utf8 ? '… ' : '... ')
  })

  it('changes nothing in JSON', async () => {
    const json = await kho(['dump', IMAGE, '--json'])
    expect(await kho(['dump', IMAGE, '--json'], { env: { LANG: 'C' } })).toEqual(json)
  })
})

describe('the help', () => {
  it('has the options of all commands in groups', async () => {
    const { out } = await kho(['help', 'validate'])
    const headings = out.split('\n').filter(line => /^\S.*:$/.test(line))
    expect(headings).toEqual(
      expect.arrayContaining([
        'Options:',
        'Output:',
        'The reading kernel:',
        'Which state:',
        'How to open the file:',
      ]),
    )
    expect((await kho(['help', 'diff'])).out).toContain('\nThe second image, which state:\n')
  })

  it('says which values there are', async () => {
    const out = words((await kho(['help', 'validate'])).out).join(' ')
    expect(out).toMatch(/--abi <ABI> .*one of kho-v4, kho-v3/)
    expect(out).toMatch(/--reader <RELEASE> .*such as .*6\.19.*7\.2/)
    expect(out).toMatch(/--root <WHICH> .*such as incoming, outgoing/)
    expect(out).toMatch(/--color <WHEN> .*one of auto, always, never; default: auto/)
  })

  it.each(COMMANDS.map(({ name }) => name))(
    'of %s says nothing twice and leaves nothing empty',
    async name => {
      const { out } = await kho(['help', name], NARROW)
      expect(out).not.toMatch(/undefined| \(\)| {2}$/m)
    },
  )
})

/** Runs a command line on a terminal of its own; what that shows. */
function onTerminal(args: string, env: Record<string, string>): { shown: string; status: number | null } {
  const command = `stty cols 100 rows 40; "${process.execPath}" "${KHO}" ${args}; echo "[$?]"`
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TERM: 'xterm', ...env },
    input: '',
  })
  return { shown: stdout.replaceAll('\r', ''), status }
}

describe('the pager', () => {
  beforeAll(requireBuild)

  it('is the one of the environment, ours before everybody’s', () => {
    const pages = `pages ${IMAGE} --ranges --color never`
    expect(onTerminal(pages, { PAGER: 'sed s/^/everybody:/' }).shown).toMatch(/^(everybody:0x.*\n)+\[0\]\n$/)
    expect(onTerminal(pages, { PAGER: 'false', KHO_PAGER: "sed 's/^/ours:/'" }).shown).toMatch(
      /^(ours:0x.*\n)+/,
    )
  })

  it('is told to leave at once where all fits on the screen, unless LESS is set', () => {
    const show = 'sh -c "cat >/dev/null; echo LESS=$LESS"'
    expect(onTerminal(`abi`, { PAGER: show }).shown).toBe('LESS=FRX\n[0]\n')
    expect(onTerminal(`abi`, { PAGER: show, LESS: 'S' }).shown).toBe('LESS=S\n[0]\n')
  })

  it.each(['', 'cat', '/nowhere/pager', 'no-such-pager --really'])('%j is none', pager => {
    expect(onTerminal(`pages ${IMAGE} --ranges`, { PAGER: pager }).shown).toMatch(/^(0x.*\n)+\[0\]\n$/)
  })

  it('is left out with --no-pager, anywhere on the line, and where the answer goes elsewhere', () => {
    const env = { PAGER: 'sed s/^/paged:/' }
    for (const args of [`--no-pager pages ${IMAGE}`, `pages ${IMAGE} --no-pager`, `pages ${IMAGE} | cat`]) {
      expect(onTerminal(args, env).shown).not.toContain('paged:')
    }
    expect(onTerminal(`pages ${IMAGE}`, { ...env, TERM: 'dumb' }).shown).not.toContain('paged:')
  })

  it('may be left before the end', () => {
    const { shown } = onTerminal(`dump ${IMAGE} --all --json`, { PAGER: 'head -n 2' })
    expect(shown).toBe('{\n"schema":"kho/dump/1",\n[0]\n')
  })

  it('does not come between a mistake and its message, nor change the exit code', () => {
    const env = { PAGER: 'sed s/^/paged:/' }
    expect(onTerminal('pages /nowhere', env).shown).toMatch(/^kho: .*\n\[3\]\n$/)
    expect(onTerminal(`validate ${IMAGE} --expect oops`, env).shown).toMatch(/^(paged:.*\n)+\[1\]\n$/)
  })

  it('works with less itself', () => {
    const { shown } = onTerminal(`pages ${IMAGE} --ranges`, {})
    expect(shown.replace(/\x1b(\[\??[0-9]*[a-zA-Z]|.)/g, '')).toMatch(/^(0x.*\n)+\[0\]\n$/)
  })
})

describe('a line that is too long', () => {
  it.each([
    [
      'version 2, position 0, size 65536 (64 KiB), seals 0',
      40,
      ['version 2, position 0,', 'size 65536 (64 KiB), seals 0'],
    ],
    [
      'holds 323 blocks, 11.2 MiB preserved; 2 sessions, 3 files',
      50,
      ['holds 323 blocks, 11.2 MiB preserved; 2 sessions,', '3 files'],
    ],
    ['the dump has 12.1 KiB', 18, ['the dump has', '12.1 KiB']],
    ['a row of bytes    name = value', 26, ['a row of bytes', 'name = value']],
    ['\x1b[33mone, two\x1b[39m three four', 12, ['\x1b[33mone, two\x1b[39m', 'three four']],
    ['0123456789abcdef and', 8, ['0123456789abcdef', 'and']],
    ['  0123456789', 4, ['0123456789']],
  ])('is parted where it parts nothing: %j', (text, columns, lines) => {
    expect(wrapWords(text, columns)).toEqual(lines)
  })

  it('parts no label from its value, at any width', async () => {
    for (const columns of [60, 80]) {
      for (const command of [
        ['stat', IMAGE],
        ['dump', IMAGE, 'luo'],
        ['hex', IMAGE, 'luo'],
      ]) {
        const { out } = await kho(command, { ...NARROW, columns })
        const lines = out.split('\n')
        expect(lines.filter(line => line.length > columns && / .* /.test(line.trim()))).toEqual([])
        expect(
          lines.filter(line => /(^|[ (])(size|flags|seals|nrFolios|position|order|count|=)$/.test(line)),
        ).toEqual([])
      }
    }
  })
})
