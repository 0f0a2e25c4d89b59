import { hex } from '../../../formats/memory/fault.js'
import { escapeText } from '../../render/escape.js'
import { grouped, nameText, type Palette, unitText } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import type { FileStat, SessionStat, Stat } from '../../stat/stat.js'
import { type Shown, sortSessions, sumOf } from './order.js'

/** Columns of a line for a session or a file; the first is as wide as the widest one, the others to the right. */
const HEAD = ['size', 'pages', 'order', 'holes'] as const

/** One line of the table, before it is known how wide the columns are. */
interface Row {
  name: string
  kind: string
  cells: string[]
  /** What is not known of it. */
  note: string | null
  /** A line that is no row of the table. */
  text?: string
}

/** Writes a line for each session, and below it one for each of its files. */
export function writeSessions(
  write: Writer,
  { sessions: { items, notKnown }, notKnown: said }: Stat,
  shown: Shown,
  palette: Palette,
): void {
  if (items === null || (items.length === 0 && notKnown !== null)) {
    write(`${palette.label('sessions')}   ${palette.warning('not known')} ${reasonText(notKnown, palette)}\n`)
    return
  }
  if (items.length === 0) return
  const sorted = sortSessions(items, shown.sort)
  const rows = sorted.slice(0, shown.sessions).flatMap(session => rowsOf(session, shown))
  // What is said of the whole is not said again of each file.
  writeTable(
    write,
    rows.map(row => (row.note === said ? { ...row, note: null } : row)),
    palette,
  )
  const rest = sorted.slice(shown.sessions)
  if (rest.length > 0) write(`  ${palette.faint(restText(rest))}\n`)
  if (notKnown !== null) write(`  ${palette.warning('and more')} ${reasonText(notKnown, palette)}\n`)
}

function rowsOf(session: SessionStat, shown: Shown): Row[] {
  const { name, heldAs, files, notKnown } = session
  const rows: Row[] = [
    {
      name: `  ${palettedName(name)}${heldAs === null ? '' : ` ${escapeText(heldAs)}`}`,
      kind: `${grouped(files.length)} ${files.length === 1 ? 'file' : 'files'}`,
      cells: cellsOf(
        sumOf(files, file => file.size),
        sumOf(files, file => file.pages),
        largestOf(files),
        sumOf(files, file => file.holes),
      ),
      note: notKnown,
    },
  ]
  for (const file of files.slice(0, shown.files)) rows.push(fileRow(file))
  const more = files.length - shown.files
  if (more > 0)
    rows.push({ name: '', kind: '', cells: [], note: null, text: `    … ${grouped(more)} more files` })
  return rows
}

function fileRow(file: FileStat): Row {
  const { token, name, handler, size, pages, holes, notKnown } = file
  const label = name === null ? token.toString() : `${token} ${escapeText(name)}`
  return {
    name: `    ${label}`,
    kind: nameText(handler),
    cells: file.contents ? cellsOf(size, pages, largestOf([file]), holes) : HEAD.map(() => '-'),
    note: notKnown,
  }
}

/** A session may be called anything, and nothing. */
function palettedName(name: string): string {
  return name === '' ? '(no name)' : nameText(name)
}

/** The largest order of any folio; null where that is not known, -1 where there is no folio. */
function largestOf(files: readonly FileStat[]): number | null {
  let largest = -1
  for (const { orders, contents } of files) {
    if (!contents) continue
    if (orders === null) return null
    largest = Math.max(largest, orders.at(-1)?.order ?? -1)
  }
  return largest
}

function cellsOf(
  size: number | null,
  pages: number | null,
  order: number | null,
  holes: number | null,
): string[] {
  return [
    size === null ? '?' : unitText(size),
    pages === null ? '?' : grouped(pages),
    order === null ? '?' : order < 0 ? '-' : String(order),
    holes === null ? '?' : holes === 0 ? '-' : unitText(holes),
  ]
}

function restText(sessions: readonly SessionStat[]): string {
  const files = sessions.reduce((sum, session) => sum + session.files.length, 0)
  const size = sumOf(
    sessions.flatMap(session => session.files),
    file => file.size,
  )
  const what = sessions.length === 1 ? 'one more session' : `${grouped(sessions.length)} more sessions`
  return `… ${what}: ${grouped(files)} files, ${size === null ? 'size not known' : unitText(size)} (--top N, --json)`
}

function writeTable(write: Writer, rows: readonly Row[], palette: Palette): void {
  const widest = (of: (row: Row) => number, least: number) =>
    rows.reduce((width, row) => Math.max(width, of(row)), least)
  const name = widest(row => row.name.length, 'sessions'.length)
  const kind = widest(row => row.kind.length, 'handler'.length)
  const cells = HEAD.map((head, n) => widest(row => row.cells[n]?.length ?? 0, head.length))
  const cell = (text: string, n: number) => text.padStart(cells[n] as number)
  write(`${palette.label('sessions'.padEnd(name))}  ${palette.faint('handler'.padEnd(kind))}  `)
  write(`${palette.faint(HEAD.map(cell).join('  '))}\n`)
  for (const row of rows) {
    if (row.text !== undefined) {
      write(`${palette.faint(row.text)}\n`)
      continue
    }
    const label = row.name.startsWith('    ') ? row.name.padEnd(name) : palette.strong(row.name.padEnd(name))
    const note = row.note === null ? '' : `  ${reasonText(row.note, palette)}`
    write(`${label}  ${row.kind.padEnd(kind)}  ${row.cells.map(cell).join('  ')}${note}\n`)
  }
}

/** Writes a line for each region of reserve_mem=. */
export function writeRegions(
  write: Writer,
  { regions: { items, notKnown } }: Stat,
  shown: Shown,
  palette: Palette,
): void {
  if (items === null) {
    write(`${palette.label('regions')}    ${palette.warning('not known')} ${reasonText(notKnown, palette)}\n`)
    return
  }
  if (items.length === 0) return
  write(`${palette.label('regions')}\n`)
  const most = Math.max(shown.sessions, LEAST_REGIONS)
  const names = items.slice(0, most).map(({ name }) => palettedName(name))
  const width = names.reduce((most, name) => Math.max(most, name.length), 0)
  for (const [n, name] of names.entries()) {
    const { start, size } = items[n]!
    write(`  ${palette.strong(name.padEnd(width))}  ${start === null ? '?' : hex(start)}  `)
    write(`${size === null ? '?' : unitText(size)}\n`)
  }
  if (items.length > most) write(`  ${palette.faint(`… ${grouped(items.length - most)} more regions`)}\n`)
}

/** Regions are few: the command line has room for a handful. */
const LEAST_REGIONS = 8

function reasonText(reason: string | null, palette: Palette): string {
  return palette.faint(`(${escapeText(reason ?? 'nothing says why')})`)
}
