import { expect, it } from 'vitest'
import { type DiffTextOptions, writeDiff } from '../../../src/commands/diff/text.js'
import { type Change, NO_MEMORY } from '../../../src/diff/change.js'
import { diffStates } from '../../../src/diff/diff.js'
import { setOf, stateOf } from '../diff/states.js'

const plain = (text: string) => text
const palette = { label: plain, strong: plain, faint: plain, good: plain, warning: plain, bad: plain }
const options: DiffTextOptions = { palette, lines: 16, ranges: 3 }

function textOf(names: string[], lines: number): string[] {
  const empty = diffStates(stateOf({ pages: setOf([]) }), stateOf({ pages: setOf([]) }))
  const changes = names.map((name): Change => {
    const b = { path: name, value: 'session', bytes: 0, memory: NO_MEMORY }
    return { path: name, class: 'added', what: 'owner', a: null, b, note: null }
  })
  let text = ''
  const totals = { ...empty.totals, classes: { ...empty.totals.classes, added: changes.length } }
  writeDiff(
    chunk => (text += String(chunk)),
    { ...empty, same: false, changes, totals },
    { ...options, lines },
  )
  return text.trimEnd().split('\n')
}

const names = Array.from({ length: 10 }, (_, n) => `luo/sessions/vm-${n}`)

it('shows the first of many changes of one kind, and says how many more there are', () => {
  expect(textOf([...names, 'memblock/r'], 3)).toEqual([
    '+ luo/sessions/vm-0 added: session',
    '+ luo/sessions/vm-1 added: session',
    '+ luo/sessions/vm-2 added: session',
    '… 7 more added in luo/sessions (--all shows them)',
    '+ memblock/r added: session',
    '11 added; the same pages are preserved',
  ])
})

it('shows all where one line more would be all of them, and with no limit', () => {
  expect(textOf(names, 9)).toHaveLength(11)
  expect(textOf(names, Number.POSITIVE_INFINITY)).toHaveLength(11)
})

it('escapes what a dump has put into a name', () => {
  expect(textOf(['luo/\u001b[31mx'], 3)[0]).toBe('+ luo/\\x1b[31mx added: session')
})
