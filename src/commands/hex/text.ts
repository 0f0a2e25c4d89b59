import { hexy } from 'hexy'
import { hex } from '../../../formats/memory/fault.js'
import type { Range } from '../../../formats/memory/range.js'
import type { HexSpan } from '../../hex/span.js'
import { escapeText } from '../../render/escape.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import { wrapWords } from '../shared/wrap.js'

/** Rows given to hexy at a time: a page of 4 KiB. */
const PIECE = 4096

/** How wide the columns of a dump are. */
interface Layout {
  /** Bytes in a row. */
  row: number
  /** Characters of hexy's row of that many bytes: hex, gap, text. */
  rowWidth: number
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

/**
 * Writes an annotated dump: physical address, file offset, bytes, and the name and value of each field.
 *
 * @param columns characters of a line, where it must not be longer
 */
export function writeHex(
  write: Writer,
  spans: Iterable<HexSpan>,
  palette: Palette,
  columns: number | null,
): void {
  const layout = layoutFor(columns)
  const { digits } = layout
  const [physical, offset] = layout === WIDE ? ['physical', 'file offset'] : ['physical', 'in file']
  write(`${palette.faint(`${physical.padEnd(digits)}  ${offset.padEnd(digits)}  bytes`)}\n`)
  for (const span of spans) writeSpan(write, span, palette, layout)
}

function writeSpan(write: Writer, span: HexSpan, palette: Palette, layout: Layout): void {
  const { digits, rowWidth } = layout
  switch (span.kind) {
    case 'heading':
      write(`${palette.label(escapeText(span.path))}  ${palette.faint(escapeText(span.what))}\n`)
      return
    case 'note':
      write(`${' '.repeat(digits * 2 + 4)}${palette.strong(escapeText(span.text))}\n`)
      return
    case 'field': {
      const value = span.value === '' ? '' : ` = ${escapeText(span.value)}`
      writeRows(write, span, `${palette.label(escapeText(span.name))}${value}`, palette, layout)
      return
    }
    case 'gap':
      writeRows(write, span, palette.faint('(not decoded)'), palette, layout)
      return
    case 'fill': {
      const name = span.name === null ? palette.faint('(not decoded)') : palette.label(escapeText(span.name))
      const byte = span.byte.toString(16).padStart(2, '0')
      const text = `${span.length} bytes, all ${byte}`
      write(`${placeText(span.address, span.offset, palette, layout)}  ${text.padEnd(rowWidth)} ${name}\n`)
      return
    }
    case 'absent': {
      const name = span.name === null ? '' : ` ${palette.label(escapeText(span.name))}`
      const text = `${span.length} bytes are not in the dump (${span.reason})`
      const place = placeText(span.address, null, palette, layout)
      write(`${place}  ${palette.warning(text.padEnd(rowWidth))}${name}\n`)
    }
  }
}

function writeRows(
  write: Writer,
  { address, offset, bytes }: { address: number; offset: number | null; bytes: Uint8Array },
  label: string,
  palette: Palette,
  layout: Layout,
): void {
  const { row, rowWidth } = layout
  const [only, more] = bytes.length > row ? [] : rowsOf(bytes, row)
  if (layout.label === null && only !== undefined && more === undefined) {
    // Most fields: one row, with the label beside it.
    write(`${placeText(address, offset, palette, layout)}  ${only.padEnd(rowWidth)} ${label}\n`)
    return
  }
  // A long value goes on beside the next rows of its bytes, and below them; no name is parted from its value.
  const labels = layout.label === null ? [label] : wrapWords(label, layout.label)
  if (layout.above === true || labels.some(text => text.endsWith('='))) {
    labels.length = 0
    write(`${ABOVE}${label}\n`)
  }
  for (let piece = 0; piece < bytes.length; piece += PIECE) {
    const rows = rowsOf(bytes.subarray(piece, piece + PIECE), row)
    rows.forEach((line, n) => {
      const at = piece + n * row
      const place = placeText(address + at, offset === null ? null : offset + at, palette, layout)
      const beside = labels.shift()
      write(`${place}  ${beside === undefined ? line.trimEnd() : `${line.padEnd(rowWidth)} ${beside}`}\n`)
    })
  }
  for (const rest of labels) write(`${' '.repeat(before(layout))}${rest}\n`)
}

/** Rows that are kept: a device tree has the same few tokens and values a million times. */
const MOST_KEPT = 4096
const keptRows = new Map<number | string, string[]>()

/** Rows of hexy's: bytes and text. */
function rowsOf(chunk: Uint8Array, row: number): string[] {
  if (chunk.length > row) return madeRows(chunk, row)
  const key = keyOf(chunk, row)
  let rows = keptRows.get(key)
  if (rows === undefined) {
    rows = madeRows(chunk, row)
    if (keptRows.size < MOST_KEPT) keptRows.set(key, rows)
  }
  return rows
}

/** What tells bytes of a row from others; rows of either length are padded to it. */
function keyOf(chunk: Uint8Array, row: number): number | string {
  if (chunk.length !== 4) return `${row} ${bufferOf(chunk).toString('latin1')}`
  return (((chunk[0]! * 256 + chunk[1]!) * 256 + chunk[2]!) * 256 + chunk[3]!) * 32 + row
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function madeRows(chunk: Uint8Array, row: number): string[] {
  // hexy's own address column breaks at 4 GiB: ours is beside it. Of a Uint8Array that is no Buffer it makes a
  // string, and of bytes above 0x7f 0xfd (hexy 0.4.0).
  const text = hexy(bufferOf(chunk), { bytesPerLine: row, bytesPerGroup: 1, showAddress: false })
  // DEL is no dot to hexy.
  return text
    .replaceAll('\x7f', '.')
    .split('\n')
    .filter(line => line !== '')
}

function placeText(address: number, offset: number | null, palette: Palette, { digits }: Layout): string {
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
