import { hex } from '../../../formats/memory/fault.js'
import { CHANGE_CLASSES, type Change, type Memory, type Side, STRUCTURE_CLASSES } from '../../diff/change.js'
import { counts, type Diff, type DiffOptions } from '../../diff/diff.js'
import { escapeText } from '../../render/escape.js'
import { grouped, type Palette, unitText } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'

/** How differences are written. */
export interface DiffTextOptions extends DiffOptions {
  palette: Palette
  /** Lines about things of one kind, and ranges of one line, that are shown before `… N more`. */
  lines: number
  ranges: number
}

/** Longest value that is shown whole. */
const LONGEST = 120

/** Writes the changes, one a line: `-`, `+`, `~` or `?`, the path, the class and what there is to say. */
export function writeDiff(write: Writer, diff: Diff, options: DiffTextOptions): void {
  const shown = diff.changes.filter(change => change.class === 'unknown' || counts(change, options))
  for (const group of groupsOf(shown)) {
    // One more line would say no more than the change itself.
    const most = group.length <= options.lines + 1 ? group.length : options.lines
    for (const change of group.slice(0, most)) writeChange(write, change, options)
    const more = group.length - most
    if (more > 0) {
      const { class: name, path } = group[0] as Change
      write(
        `${options.palette.faint(`… ${grouped(more)} more ${name} in ${escapeText(parentOf(path))} (--all shows them)`)}\n`,
      )
    }
  }
  writeSummary(write, diff, options)
}

/** Changes that follow each other and are of one class and one parent. */
function groupsOf(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = []
  for (const change of changes) {
    const last = groups.at(-1)
    const first = last?.[0]
    const joins = first?.class === change.class && parentOf(first.path) === parentOf(change.path)
    if (last !== undefined && joins) last.push(change)
    else groups.push([change])
  }
  return groups
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : path
}

/** What a line begins with: only in A, only in B, in both and changed, not known. */
export function markOf({ class: changeClass, a, b }: Change): '-' | '+' | '~' | '?' {
  if (changeClass === 'unknown') return '?'
  if (b === null) return '-'
  return a === null ? '+' : '~'
}

function writeChange(write: Writer, change: Change, options: DiffTextOptions): void {
  const { palette } = options
  const mark = markOf(change)
  const paint = { '-': palette.bad, '+': palette.good, '~': palette.warning, '?': palette.faint }[mark]
  const text = [bodyText(change, options), change.note]
    .filter(part => part !== null && part !== '')
    .join('; ')
  write(`${paint(`${mark} ${escapeText(change.path)} ${change.class}: ${escapeText(text)}`)}\n`)
}

function bodyText({ class: changeClass, what, a, b }: Change, options: DiffTextOptions): string {
  if (a === null || b === null) {
    const own = a ?? b
    if (own === null) return what
    return [own.value ?? what, heldText(own, options)].filter(part => part !== '').join('; ')
  }
  if (changeClass === 'renamed') return `was ${a.path}; ${a.value ?? what}`
  const values = a.value === null || b.value === null ? '' : `${clip(a.value)} → ${clip(b.value)}`
  if (a.memory.bytes + b.memory.bytes === 0) {
    if (values !== '') return `${what} ${values}`
    return a.bytes === null ? what : `${what} of ${unitText(a.bytes)}`
  }
  const bytes = `${unitText(a.bytes ?? 0)}${a.bytes === b.bytes ? '' : ` → ${unitText(b.bytes ?? 0)}`}`
  const places = `${rangesText(a.memory, options)} → ${rangesText(b.memory, options)}`
  return [what, values, `${bytes}: ${places}`].filter(part => part !== '').join(', ')
}

function heldText(side: Side, options: DiffTextOptions): string {
  if (side.memory.bytes === 0) return ''
  return `${unitText(side.memory.bytes)}: ${rangesText(side.memory, options)}`
}

/** `0x1000-0x3000 (8 KiB), 0x5000-0x6000 (4 KiB), … 12 more`. */
function rangesText(memory: Memory, { ranges }: DiffTextOptions): string {
  if (memory.bytes === 0) return 'none'
  const shown: string[] = []
  const count = memory.count()
  // A last one takes no more room than to say that there is one more.
  const most = count === ranges + 1 ? count : ranges
  for (const { start, end } of memory.ranges()) {
    if (shown.length >= most) break
    shown.push(`${hex(start)}-${hex(end)} (${unitText(end - start)})`)
  }
  return count > most ? `${shown.join(', ')}, … ${grouped(count - most)} more` : shown.join(', ')
}

function clip(value: string): string {
  return value.length <= LONGEST ? value : `${value.slice(0, LONGEST)}…`
}

function writeSummary(write: Writer, diff: Diff, options: DiffTextOptions): void {
  const { same, totals } = diff
  const { classes } = totals
  const structure = STRUCTURE_CLASSES.reduce((sum, name) => sum + classes[name], 0)
  const counted = CHANGE_CLASSES.filter(
    name =>
      name !== 'unknown' && classes[name] > 0 && (options.structure || !STRUCTURE_CLASSES.includes(name)),
  ).map(name => `${grouped(classes[name])} ${name}`)
  const parts = [same ? 'same' : counted.join(', ')]
  parts.push(preservedText(diff))
  if (classes.unknown > 0) parts.push(`${grouped(classes.unknown)} unknown`)
  if (totals.ignored > 0) parts.push(`${grouped(totals.ignored)} ignored`)
  if (structure > 0 && options.structure !== true) {
    const names = STRUCTURE_CLASSES.filter(name => classes[name] > 0).map(name => `${classes[name]} ${name}`)
    parts.push(`structure: ${names.join(', ')} (--structure shows them)`)
  }
  write(`${parts.filter(part => part !== '').join('; ')}\n`)
}

/** What became of the preserved set as a whole; nothing where that goes without saying. */
export function preservedText({ same, pages, totals }: Diff): string {
  const { removedBytes, addedBytes } = totals
  if (removedBytes + addedBytes > 0) {
    return `${unitText(removedBytes)} less and ${unitText(addedBytes)} more preserved`
  }
  if (!pages.known) return 'the preserved sets are not both known'
  return same ? '' : 'the same pages are preserved'
}
