import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KHO, ROOT, requireBuild } from './built.js'
import { GAP, matches, readTranscript } from './transcript.js'

let folder = ''

/** `kho` and `npx kho` both run this tree's executable. */
function shim(name: string, text: string): void {
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
}

function run(command: string): { status: number | null; lines: string[] } {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}`, NO_COLOR: '1' }
  const { status, stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${command}`], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
  })
  return { status, lines: stdout.replace(/\n$/, '').split('\n') }
}

beforeAll(() => {
  requireBuild()
  folder = mkdtempSync(join(tmpdir(), 'kho-readme-'))
  shim('kho', `exec '${process.execPath}' '${KHO}' "$@"`)
  shim('npx', `[ "$1" = kho ] || exit 99\nshift\nexec '${process.execPath}' '${KHO}' "$@"`)
})

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

describe.each(['README.md', 'docs/cli.md'])('%s', document => {
  const steps = readTranscript(readFileSync(join(ROOT, document), 'utf8'))

  it('has commands to run', () => {
    expect(steps.length).toBeGreaterThan(0)
  })

  it.each(steps)('$command', ({ command, shown }) => {
    const { status, lines } = run(command)
    if (shown === null) expect({ status, lines: status === 0 ? [] : lines }).toEqual({ status: 0, lines: [] })
    else if (!matches(shown, lines)) expect(lines).toEqual(shown)
  })
})

describe('the transcript reader', () => {
  it('finds commands, output and gaps', () => {
    const text =
      '```sh\nnpm ci && npx kho a\nnpm test\n```\n```sh\n$ kho b\nx\n$ kho c | head\n```\n```js\nkho d\n```\n'
    expect(readTranscript(text)).toEqual([
      { command: 'npx kho a', shown: null },
      { command: 'kho b', shown: ['x'] },
      { command: 'kho c | head', shown: [] },
    ])
  })

  it('tells right output from wrong', () => {
    expect(matches(['a', 'b'], ['a', 'b'])).toBe(true)
    expect(matches(['a'], ['a', 'b'])).toBe(false)
    expect(matches(['a', 'b'], ['a'])).toBe(false)
    expect(matches(['a', GAP, 'd'], ['a', 'b', 'c', 'd'])).toBe(true)
    expect(matches(['a', GAP, 'd'], ['a', 'd'])).toBe(true)
    expect(matches(['a', GAP, 'd'], ['a', 'b', 'c'])).toBe(false)
    expect(matches(['a', GAP], ['a'])).toBe(true)
    expect(matches(['a', GAP, 'b', GAP, 'c'], ['a', 'x', 'b', 'y', 'c'])).toBe(true)
    expect(matches(['x', GAP], ['a'])).toBe(false)
  })
})
