import { hex } from '../../../formats/memory/fault.js'
import type { Range } from '../../../formats/memory/range.js'
import type { Span, Stretch } from '../../hex/span.js'
import { escapeText } from '../../render/escape.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import { wrapWords } from '../shared/wrap.js'
import { createRows, type RowLayout, type Rows } from './rows.js'

/** How wide the columns of a dump are. */
interface Layout extends RowLayout {
  /** Digits of a physical address and of a file offset, at the least. */
  digits: number
  /** Characters of the last column, name and value; null where it may be of any length. */
  label: number | null
  /** Names and values stand above their bytes: there is no room beside them. */
  above?: true
}

const WIDE: Layout = { row: 16, rowWidth: 66, digits: 16, label: null }
const NARROW: Layout = { row: 8, rowWidth: 35, digits: 9, label: null }

/** What names and values need at the least to be read beside full rows. */
const LEAST_LABEL = 24
/** The same beside short rows. */
const LEAST_NARROW = 16
/** What stands before a name above its bytes. */
const ABOVE = '    '

/** Columns for a line of so many characters; null where nobody says how many there are. */
function layoutFor(columns: number | null): Layout {
  if (columns === null || columns >= before(WIDE) + LEAST_LABEL) return WIDE
  const room = columns - before(NARROW)
  if (room >= LEAST_NARROW) return { ...NARROW, label: room }
  return { ...NARROW, label: Math.max(LEAST_NARROW, columns - ABOVE.length), above: true }
}

/** Characters that stand before the last column. */
function before({ digits, rowWidth }: Layout): number {
  return digits * 2 + rowWidth + 5
}

/** What spans are written with. */
interface Pen {
  palette: Palette
  layout: Layout
  rows: Rows
  /** Takes lines. */
  put(text: string): void
}

/** Lines that are written at a time: what is put together from many small pieces must not become long-lived. */
const BATCH = 256

/**
 * Writes an annotated dump: physical address, file offset, bytes, and the name and value of each field.
 *
 * @param columns characters of a line, where it must not be longer
 */
export function writeHex(
  write: Writer,
  batches: Iterable<readonly Span[]>,
  palette: Palette,
  columns: number | null,
): void {
  const layout = layoutFor(columns)
  const { digits } = layout
  let lines: string[] = []
  const flush = () => {
    write(lines.join(''))
    lines = []
  }
  const put = (text: string) => {
    lines.push(text)
    if (lines.length >= BATCH) flush()
  }
  const [physical, offset] = layout === WIDE ? ['physical', 'file offset'] : ['physical', 'in file']
  put(`${palette.faint(`${physical.padEnd(digits)}  ${offset.padEnd(digits)}  bytes`)}\n`)
  const pen = { palette, layout, rows: createRows(layout), put }
  for (const spans of batches) for (const span of spans) putSpan(span, pen)
  flush()
}

function putSpan(span: Span, pen: Pen): void {
  const { palette, layout, put } = pen
  const { digits, rowWidth } = layout
  switch (span.kind) {
    case 'heading':
      put(`${palette.label(escapeText(span.path))}  ${palette.faint(escapeText(span.what))}\n`)
      return
    case 'note':
      put(`${' '.repeat(digits * 2 + 4)}${palette.strong(escapeText(span.text))}\n`)
      return
    case 'field': {
      const value = span.value === '' ? '' : ` = ${escapeText(span.value)}`
      putRows(span, `${palette.label(escapeText(span.name))}${value}`, pen)
      return
    }
    case 'gap':
      putRows(span, palette.faint('(not decoded)'), pen)
      return
    case 'fill': {
      const name = span.name === null ? palette.faint('(not decoded)') : palette.label(escapeText(span.name))
      const byte = span.byte.toString(16).padStart(2, '0')
      const text = `${span.length} bytes, all ${byte}`
      put(`${placeText(span.address, span.offset, pen)}  ${text.padEnd(rowWidth)} ${name}\n`)
      return
    }
    case 'absent': {
      const name = span.name === null ? '' : ` ${palette.label(escapeText(span.name))}`
      const text = `${span.length} bytes are not in the dump (${span.reason})`
      put(`${placeText(span.address, null, pen)}  ${palette.warning(text.padEnd(rowWidth))}${name}\n`)
    }
  }
}

interface Bytes extends Stretch {
  address: number
  offset: number | null
  length: number
}

function putRows({ address, offset, source, at, length }: Bytes, label: string, pen: Pen): void {
  const { layout, rows, put } = pen
  const { row } = layout
  if (layout.label === null && length > 0 && length <= row) {
    // Most fields: one row, with the label beside it.
    put(`${placeText(address, offset, pen)}  ${rows(source, at, length)} ${label}\n`)
    return
  }
  // A long value goes on beside the next rows of its bytes, and below them; no name is parted from its value.
  const labels = layout.label === null ? [label] : wrapWords(label, layout.label)
  if (layout.above === true || labels.some(text => text.endsWith('='))) {
    labels.length = 0
    put(`${ABOVE}${label}\n`)
  }
  for (let from = 0; from < length; from += row) {
    const place = placeText(address + from, offset === null ? null : offset + from, pen)
    const line = rows(source, at + from, Math.min(row, length - from))
    const beside = labels.shift()
    put(`${place}  ${beside === undefined ? line.trimEnd() : `${line} ${beside}`}\n`)
  }
  for (const rest of labels) put(`${' '.repeat(before(layout))}${rest}\n`)
}

function placeText(address: number, offset: number | null, { palette, layout: { digits } }: Pen): string {
  const place = offset === null ? '-'.padStart(digits) : digitsOf(offset, digits)
  return `${palette.faint(digitsOf(address, digits))}  ${palette.faint(place)}`
}

/** What the last three digits count up to. */
const LOW = 16 ** 3
const LOW_DIGITS = Array.from({ length: LOW }, (_, low) => low.toString(16).padStart(3, '0'))

/** A number with so many digits at the least, more than three: those before the last three are made from few numbers. */
function digitsOf(value: number, digits: number): string {
  return highDigits(Math.floor(value / LOW), digits - 3) + LOW_DIGITS[value % LOW]!
}

/** Addresses and offsets go up in turn: what the last of each began with is kept. */
const lastHigh = [0, 1].map(() => ({ value: -1, digits: 0, text: '' }))

function highDigits(value: number, digits: number): string {
  const known = lastHigh.find(last => last.value === value && last.digits === digits)
  if (known !== undefined) return known.text
  const oldest = lastHigh.shift()!
  Object.assign(oldest, { value, digits, text: value.toString(16).padStart(digits, '0') })
  lastHigh.push(oldest)
  return oldest.text
}

/** What a dump begins with when it is of a part: its name, and where it lies. */
export function hexTitle(path: string, what: string, extents: readonly Range[]): string {
  const places = extents.slice(0, 4).map(({ start, end }) => `${hex(start)}-${hex(end)}`)
  const more = extents.length > 4 ? `, and ${extents.length - 4} more` : ''
  return `${escapeText(path)}: ${escapeText(what)}, ${places.join(', ')}${more}`
}
