import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KHO, ROOT, requireBuild, requirePage } from './built.js'
import { GAP, matches, readTranscript } from './transcript.js'

let folder = ''

/** README and every page of the documentation that shows a command. */
const PAGES = ['README.md', ...markdownBelow('docs')]
  .map(page => ({ page, steps: readTranscript(readFileSync(join(ROOT, page), 'utf8')) }))
  .filter(({ page, steps }) => steps.length > 0 || page === 'README.md')

function markdownBelow(place: string): string[] {
  return readdirSync(join(ROOT, place), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `${place}/${name.replaceAll('\\', '/')}`)
    .sort()
}

/** A folder for what a page's commands write, beside what they read. */
function workplace(page: string): string {
  const place = join(folder, page.replaceAll('/', '-'))
  if (existsSync(place)) return place
  mkdirSync(place)
  for (const name of ['docs', 'examples', 'fixtures', 'layouts']) {
    if (existsSync(join(ROOT, name))) symlinkSync(join(ROOT, name), join(place, name))
  }
  return place
}

/** `kho` and `npx kho` both run this tree's executable. */
function shim(name: string, text: string): void {
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
}

function run(command: string, cwd: string): { status: number | null; lines: string[] } {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}`, NO_COLOR: '1' }
  const { status, stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${command}`], {
    cwd,
    env,
    encoding: 'utf8',
  })
  return { status, lines: stdout.replace(/\n$/, '').split('\n') }
}

beforeAll(() => {
  requireBuild()
  requirePage()
  folder = mkdtempSync(join(tmpdir(), 'kho-readme-'))
  shim('kho', `exec '${process.execPath}' '${KHO}' "$@"`)
  shim('npx', `[ "$1" = kho ] || exit 99\nshift\nexec '${process.execPath}' '${KHO}' "$@"`)
})

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

it('finds README and the command line among the pages', () => {
  expect(PAGES.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/cli.md']))
})

describe.each(PAGES)('$page', ({ page, steps }) => {
  it.each(steps)('$command', ({ command, shown }) => {
    const { status, lines } = run(command, workplace(page))
    if (shown === null) expect({ status, lines: status === 0 ? [] : lines }).toEqual({ status: 0, lines: [] })
    else if (!matches(shown, lines)) expect(lines).toEqual(shown)
  })
})

describe('links between pages', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownBelow('docs')]
  it.each(pages)('%s leads only to what is there', page => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    const targets = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(match => match[1] as string)
    const local = targets.filter(target => !/^[a-z]+:/.test(target))
    expect(local.filter(target => !existsSync(join(ROOT, dirname(page), target)))).toEqual([])
  })
})

describe('the transcript reader', () => {
  it('finds commands, output and gaps', () => {
    const text =
      '```sh\nnpm ci && node bin/kho.js a\nnpm test\n```\n```sh\n$ kho b\nx\n$ kho c | head\n```\n```js\nkho d\n```\n'
    expect(readTranscript(text)).toEqual([
      { command: 'kho a', shown: null },
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
