import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { importsOf, readSources } from './arrows.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')
const SOURCES = readSources(ROOT, ['formats', 'src'])

/** A row of the table in docs/architecture.md. */
interface Change {
  own: string[]
  lines: string[]
}

/** What each example is called in code: whatever says one of these knows of it. */
const NAMES: Readonly<Record<string, RegExp>> = {
  'a kernel': /'7\.4-rc'/,
  'a tracker': /'range-list'|POSTED_RANGES/,
  'a rule': /'MAP-ORPHAN'/,
  'a container': /'lime'/,
  'a command': /'whois'/,
}

/**
 * Who else says a word of these for a reason of its own: the explorer asks its worker questions that are named like verbs,
 * and a bug of the kernel names the rules that show it.
 */
const OTHERWISE = /^src\/explorer\/|^src\/rules\/upstream-bugs\.ts$/

/** The kernel after it says what changed since. */
const LATER_KERNEL = /^formats\/kernels\/v[\d.]+(-rc)?\.ts$/

const CHANGES = readChanges(readFileSync(`${ROOT}/docs/architecture.md`, 'utf8'))

function readChanges(text: string): Map<string, Change> {
  const section = text.split('\n## ').find(part => part.startsWith('Five changes')) ?? ''
  const rows = section.split('\n').filter(line => line.startsWith('| a '))
  return new Map(
    rows.map(row => {
      const [, name, own, lines] = row.split('|').map(cell => cell.trim())
      return [name as string, { own: paths(own as string), lines: paths(lines as string) }]
    }),
  )
}

function paths(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)
}

const isOwn = ({ own }: Change, file: string) =>
  own.some(path => (path.endsWith('/') ? file.startsWith(path) : file === path))

function importsOwn(change: Change, file: string): boolean {
  const folder = posix.dirname(file)
  const targets = importsOf(SOURCES.get(file) as string).filter(specifier => specifier.startsWith('.'))
  return targets.some(target => isOwn(change, posix.join(folder, target).replace(/\.js$/, '.ts')))
}

describe('five changes', () => {
  it('are all there', () => expect([...CHANGES.keys()]).toEqual(Object.keys(NAMES)))

  for (const [name, change] of CHANGES) {
    it(`${name} has files of its own, and a line where docs/architecture.md says`, () => {
      const known = [...SOURCES.keys()]
      for (const path of change.own)
        expect(known.some(file => isOwn({ own: [path], lines: [] }, file))).toBe(true)
      const told = known.filter(
        file =>
          !isOwn(change, file) &&
          !OTHERWISE.test(file) &&
          !(name === 'a kernel' && LATER_KERNEL.test(file)) &&
          (importsOwn(change, file) || NAMES[name]?.test(SOURCES.get(file) as string)),
      )
      expect(told.sort()).toEqual([...change.lines].sort())
    })
  }
})
