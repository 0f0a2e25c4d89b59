import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../src/commands/table.js'
import { kho } from '../cli/kho.js'

let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kho-completion-'))
  writeFileSync(join(folder, 'kho.bash'), (await kho(['completion', 'bash'])).out)
  writeFileSync(join(folder, 'vmcore.elf'), '')
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** What bash offers for the last word. */
function offered(...words: string[]): string[] {
  const script = `source ./kho.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _kho
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const out = execFileSync('bash', ['-c', script, 'bash', ...words], { cwd: folder, encoding: 'utf8' })
  return out.split('\n').filter(word => word !== '')
}

describe('bash completion', () => {
  it('offers commands', () => {
    expect(offered('kho', '')).toEqual(expect.arrayContaining([...COMMANDS.map(c => c.name), 'help']))
    expect(offered('kho', 'pa')).toEqual(['pages'])
    expect(offered('kho', 'help', 'd')).toEqual(['dump', 'diff'])
  })

  it('offers the options of the command at hand', () => {
    expect(offered('kho', 'pages', '--ran')).toEqual(['--ranges'])
    expect(offered('kho', 'dump', '--ran')).toEqual([])
    expect(offered('kho', 'dump', '--help')).toEqual(['--help'])
  })

  it('offers values', () => {
    expect(offered('kho', 'pages', 'x', '--page-size', '')).toEqual(['4K', '16K', '64K'])
    expect(offered('kho', 'pages', 'x', '--color', 'a')).toEqual(['auto', 'always'])
    expect(offered('kho', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
  })

  it('offers files', () => {
    expect(offered('kho', 'pages', 'vm')).toEqual(['vmcore.elf'])
    expect(offered('kho', 'pages', 'x', '-o', 'vm')).toEqual(['vmcore.elf'])
  })
})

describe.each(['zsh', 'fish'])('%s completion', shell => {
  it('names every command and its options', async () => {
    const { code, out } = await kho(['completion', shell])
    expect(code).toBe(0)
    for (const command of COMMANDS) expect(out).toContain(command.name)
    for (const option of ['ranges', 'page-size', 'low-memory', 'ndjson']) expect(out).toContain(option)
    // Every quote is closed: those that are escaped open and close nothing.
    expect(out.replace(/\\'/g, '').split("'").length % 2).toBe(1)
  })

  it('is accepted by the shell, where there is one', async () => {
    const file = join(folder, `kho.${shell}`)
    writeFileSync(file, (await kho(['completion', shell])).out)
    const { error, status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    if (error === undefined) expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    else expect(error.message).toContain('ENOENT')
  })
})
