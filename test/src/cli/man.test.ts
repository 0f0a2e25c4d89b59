import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manPages } from '../../../src/cli/man/index.js'
import { COMMANDS } from '../../../src/commands/table.js'
import { asciiText } from '../../../src/render/ascii.js'
import { ROOT } from '../../built.js'
import { itWith } from '../../shell.js'
import { kho } from './kho.js'

let folder = ''
let pages = new Map<string, string>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kho-man-'))
  pages = await manPages()
  for (const [name, page] of pages) writeFileSync(join(folder, name), page)
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A page as a terminal shows it. */
function rendered(name: string): { shown: string; warnings: string } {
  const { stdout, stderr } = spawnSync('groff', ['-man', '-Tascii', '-P-cbou', '-ww', join(folder, name)], {
    encoding: 'utf8',
  })
  return { shown: stdout, warnings: stderr }
}

describe('the man pages', () => {
  it('are one for the program and one for each command, and are what the package installs', () => {
    const names = ['kho.1', ...COMMANDS.map(({ name }) => `kho-${name}.1`)].sort()
    expect([...pages.keys()].sort()).toEqual(names)
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      man: string[]
      files: string[]
      scripts: Record<string, string>
    }
    expect([...manifest.man].sort()).toEqual(names.map(name => `./dist/man/${name}`).sort())
    expect(manifest.files).toContain('dist/man')
    expect(manifest.scripts.build).toContain('npm run man')
  })

  itWith('groff', 'render without a warning, and say what the help says', async () => {
    for (const { name } of COMMANDS) {
      const { shown, warnings } = rendered(`kho-${name}.1`)
      expect(warnings).toBe('')
      const words = shown.split(/\s+/).join(' ')
      const help = (await kho(['help', name])).out
      for (const [, option] of help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)) expect(words).toContain(option)
      for (const [, example] of help.matchAll(/^ {2}(kho \S+ .*)$/gm)) {
        expect(words).toContain(asciiText(example!).split(/\s+/).join(' '))
      }
    }
    const { shown, warnings } = rendered('kho.1')
    expect(warnings).toBe('')
    for (const { name, summary } of COMMANDS) {
      expect(shown).toContain(`kho-${name}(1)`)
      expect(shown.split(/\s+/).join(' ')).toContain(asciiText(summary))
    }
  })

  itWith('man', 'are found by man', () => {
    const { status, stdout, stderr } = spawnSync(
      'man',
      ['--warnings=w', '-l', join(folder, 'kho-validate.1')],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', MANWIDTH: '80', MAN_KEEP_FORMATTING: '' },
      },
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^KHO-VALIDATE\(1\)/)
    expect(stdout).toContain('EXIT STATUS')
  })

  it('have nothing in them that roff takes for a request by mistake', () => {
    for (const page of pages.values()) {
      const requests = page.split('\n').filter(line => /^[.']/.test(line))
      expect(requests.filter(line => !/^\.(TH|SH|SS|TP|PP|B|BR|I|nf|fi|nh|ad l)\b/.test(line))).toEqual([])
    }
  })
})
