import { parsePath } from '../../../formats/layout/index.js'
import type { Change } from '../../diff/change.js'
import { counts, type Diff } from '../../diff/diff.js'
import { escapeText } from '../../render/escape.js'
import { grouped, unitText } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import { type DiffTextOptions, markOf, preservedText } from './text.js'

/** Segments of an owner's path, by the first one: the rest is its parts. */
const DEPTHS: Readonly<Record<string, number>> = { luo: 2, memblock: 2, blobs: 2 }

interface Row {
  owner: string
  changes: number
  removed: number
  added: number
  marks: string
}

/** Marks of a row; more are said by their number. */
const MOST_MARKS = 40

/** Writes one line for each owner: how many changes, and how much memory it lost and gained. */
export function writeStat(write: Writer, diff: Diff, options: DiffTextOptions): void {
  const { palette } = options
  const rows = rowsOf(diff.changes.filter(change => counts(change, options)))
  const width = Math.max(0, ...rows.map(row => escapeText(row.owner).length))
  const digits = Math.max(0, ...rows.map(row => grouped(row.changes).length))
  for (const { owner, changes, removed, added, marks } of rows) {
    const memory = removed + added === 0 ? '' : ` -${unitText(removed)} +${unitText(added)}`
    const colored = marks
      .slice(0, MOST_MARKS)
      .replace(/-+/g, palette.bad)
      .replace(/\++/g, palette.good)
      .replace(/~+/g, palette.warning)
    write(`${escapeText(owner).padEnd(width)} | ${grouped(changes).padStart(digits)} ${colored}${memory}\n`)
  }
  const { totals, same } = diff
  const total = `${grouped(totals.changes)} ${totals.changes === 1 ? 'change' : 'changes'}`
  const owners = `${grouped(rows.length)} ${rows.length === 1 ? 'owner' : 'owners'}`
  const parts = [same ? 'same' : `${total} in ${owners}`, preservedText(diff)]
  if (totals.classes.unknown > 0) parts.push(`${grouped(totals.classes.unknown)} unknown`)
  write(`${parts.filter(part => part !== '').join('; ')}\n`)
}

function rowsOf(changes: readonly Change[]): Row[] {
  const rows = new Map<string, Row>()
  for (const change of changes) {
    const owner = ownerOf(change.path)
    const row = rows.get(owner) ?? { owner, changes: 0, removed: 0, added: 0, marks: '' }
    row.changes++
    row.marks += markOf(change)
    row.removed += change.a?.memory.bytes ?? 0
    row.added += change.b?.memory.bytes ?? 0
    rows.set(owner, row)
  }
  const order = { '-': 0, '~': 1, '+': 2 }
  const rank = (mark: string) => order[mark as keyof typeof order] ?? 3
  for (const row of rows.values()) row.marks = [...row.marks].sort((x, y) => rank(x) - rank(y)).join('')
  return [...rows.values()]
}

function ownerOf(path: string): string {
  const [first, second] = parsePath(path)
  const depth = (DEPTHS[String(first)] ?? 1) + (first === 'luo' && second === 'sessions' ? 1 : 0)
  return path.split('/').slice(0, depth).join('/')
}
