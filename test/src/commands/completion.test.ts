import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ABIS } from '../../../formats/kernels/index.js'
import { COMMANDS } from '../../../src/commands/table.js'
import { DAMAGES } from '../../../src/damage/index.js'
import { RULES } from '../../../src/rules/catalogue.js'
import { requireBuild } from '../../built.js'
import { itWith, type ShellName, TAB, typeInto } from '../../shell.js'
import { fixture, kho } from '../cli/kho.js'
import { machine } from '../owners/synthetic.js'

const IMAGE = fixture('basic-1g.s2-early')
let folder = ''

/** A session's name that a shell would carry out, and one with what shells and terminals take for something else. */
const EVIL = ['$(touch owned)`touch owned`;touch owned', 'a\'b"c:d=e*&|<>\\ \u001b[2J\n']

beforeAll(() => {
  requireBuild()
  folder = mkdtempSync(join(tmpdir(), 'kho-completion-'))
  symlinkSync(IMAGE, join(folder, 'vmcore.elf'))
  const made = machine()
  made.addLuo({
    sessions: EVIL.map((name, n) => ({ name, files: [made.memfd(BigInt(n), new Uint8Array(16))] })),
  })
  writeFileSync(join(folder, 'evil.elf'), made.image())
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** What is offered for the last word. */
async function offered(...words: string[]): Promise<string[]> {
  const ran = await kho(['__complete', ...words])
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' })
  return ran.out
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replace(/\t.*/, ''))
}

describe('what is offered', () => {
  it('are commands, and files for what may be an image', async () => {
    expect(await offered('')).toEqual([':files', ...COMMANDS.map(({ name }) => name), 'help'])
    expect(await offered('pa')).toEqual([':files', 'pages'])
    expect(await offered('help', 'di')).toEqual(['diff'])
    expect(await offered('--no-pager', 'pa')).toEqual([':files', 'pages'])
    expect(await offered('--no')).toEqual(['--no-pager'])
    expect((await kho(['__complete', 'pag'])).out).toBe(':files\npages\tthe preserved blocks, one a line\n')
  })

  it('are the options of the command at hand', async () => {
    expect(await offered('pages', '--ran')).toEqual(['--ranges'])
    expect(await offered('dump', '--ran')).toEqual([])
    expect(await offered('dump', '--help')).toEqual(['--help'])
    expect(await offered('diff', 'a', 'b', '--b-ro')).toEqual(['--b-root'])
    expect(await offered('dump', '--', '--he')).toEqual([':files'])
    expect(await offered(IMAGE, '--so')).toEqual(['--sort'])
    expect(await offered('ls', IMAGE, '--so')).toEqual(['--sort'])
  })

  it.each([
    [
      ['pages', 'x', '--page-size', ''],
      ['4K', '16K', '64K'],
    ],
    [
      ['pages', 'x', '--color', 'a'],
      ['auto', 'always'],
    ],
    [
      ['pages', 'x', '--color=a'],
      ['--color=auto', '--color=always'],
    ],
    [['dump', '--root', 'o', 'x'], [':files']],
    [['dump', '--root', 'i'], ['incoming']],
    [['dump', '--abi', ''], ABIS.map(({ name }) => name)],
    [
      ['convert', 'x', '--to', 'kho-v1'],
      ['kho-v1-page', 'kho-v1-512'],
    ],
    [
      ['validate', '--reader', '6.17'],
      ['6.17', '6.17.9'],
    ],
    [['validate', '--deny', ''], RULES.map(({ id }) => id)],
    [['rules', 'RADIX-C'], RULES.map(({ id }) => id).filter(id => id.startsWith('RADIX-C'))],
    [['simulate', 'x', '--damage', ''], Object.keys(DAMAGES)],
    [
      ['validate', '--expect', 'o'],
      ['ok', 'oops'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['abi', '6.1'],
      [':files', '6.16', '6.17', '6.17.9', '6.18', '6.19'],
    ],
    [['schema', 'va'], ['validate']],
    [['pages', 'x', '-o', ''], [':files']],
    [['pages', 'x', '--base', ''], []],
    [['pages', ''], [':files']],
    [['nonsense', ''], []],
  ])('%j: %j', async (words, values) => {
    expect(await offered(...words)).toEqual(values)
  })

  it('are paths in the image, a step at a time, as they are written in a path', async () => {
    expect(await offered('dump', IMAGE, 'lu')).toEqual(['luo/'])
    expect(await offered('dump', IMAGE, 'luo')).toEqual(['luo', 'luo/'])
    expect(await offered('dump', IMAGE, 'luo/sessions/')).toEqual([
      'luo/sessions/vm-a/',
      'luo/sessions/vm-b/',
    ])
    expect(await offered('hex', IMAGE, '/memblo')).toEqual(['/memblock/'])
    expect(await offered('extract', IMAGE, 'kexec-metadata/prev')).toEqual(['kexec-metadata/previousRelease'])
    expect(await offered('dump', '--root', 'incoming', IMAGE, 'kexec-m')).toEqual(['kexec-metadata/'])
    const evil = await offered('dump', join(folder, 'evil.elf'), 'luo/sessions/')
    expect(evil).toEqual([
      'luo/sessions/$(touch%20owned)`touch%20owned`;touch%20owned/',
      'luo/sessions/a\'b"c:d=e*&|<>\\%20%1B[2J%0A/',
    ])
  })

  it('is nothing, and no message, where the image does not tell', async () => {
    for (const image of ['/nowhere', folder, '-', 'qmp:/nowhere', join(folder, 'kho')]) {
      expect(await offered('dump', image, '')).toEqual([])
    }
    expect(await offered('dump', IMAGE, 'no/such/')).toEqual([])
    expect(await offered('dump', '--root', 'sideways', IMAGE, 'kexec-metadata/ve')).toEqual([
      'kexec-metadata/version',
    ])
  })

  it('takes words as the shell will: without quotes and backslashes, ~ as the home folder', async () => {
    const at = async (word: string) =>
      (await kho(['__complete', 'dump', word, 'lu'], { env: { HOME: folder } })).out
    for (const word of ['~/vmcore.elf', `"${folder}/vmcore.elf"`, `'${folder}'/vm\\core.elf`]) {
      expect(await at(word)).toBe('luo/\t\n')
    }
    expect(await at('$(echo ~)/vmcore.elf')).toBe('')
  })
})

describe.each(['bash', 'zsh', 'fish'] as const)('in %s', (shell: ShellName) => {
  const typed = async (keys: string) => (await typeInto(shell, folder, keys)).words

  itWith(shell, 'commands, options, values and files complete', async () => {
    expect(await typed(`kho vali${TAB}vmc${TAB}--fail-${TAB}warn${TAB}--deny MEMFD-DES${TAB}-q`)).toEqual([
      'validate',
      'vmcore.elf',
      '--fail-on',
      'warning',
      '--deny',
      'MEMFD-DESCRIPTOR',
      '-q',
    ])
  })

  itWith(shell, 'paths in an image complete', async () => {
    expect(await typed(`kho dump vmcore.elf luo/sessions/${TAB}b/files/${TAB} `)).toEqual([
      'dump',
      'vmcore.elf',
      'luo/sessions/vm-b/files/244837814094590/',
    ])
  })

  itWith(shell, 'names in an image are no more than names', async () => {
    const [, , path] = await typed(`kho dump evil.elf luo/sessions/\\$${TAB}`)
    expect(path).toMatch(/^luo\/sessions\/\$\(touch%20owned\)`touch%20owned`;touch%20owned\/?$/)
    const [, , other] = await typed(`kho dump evil.elf luo/sessions/a${TAB}`)
    expect(other).toContain('luo/sessions/a\'b"c:d=e*&|')
    expect(readdirSync(folder)).not.toContain('owned')
  })
})
