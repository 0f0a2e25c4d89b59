import { hexy } from 'hexy'
import { hex } from '../../../formats/memory/fault.js'
import type { Range } from '../../../formats/memory/range.js'
import type { HexSpan } from '../../hex/span.js'
import { escapeText } from '../../render/escape.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'

/** Bytes in a row. */
const ROW = 16
/** Characters of hexy's row of that many bytes: hex, gap, text. */
const ROW_WIDTH = 66
/** Rows given to hexy at a time: a page of 4 KiB. */
const PIECE = 4096
const ADDRESS_DIGITS = 16

/** Writes an annotated dump: physical address, file offset, bytes, and the name and value of each field. */
export function writeHex(write: Writer, spans: Iterable<HexSpan>, palette: Palette): void {
  write(
    `${palette.faint(`${'physical'.padEnd(ADDRESS_DIGITS)}  ${'file offset'.padEnd(ADDRESS_DIGITS)}  bytes`)}\n`,
  )
  for (const span of spans) writeSpan(write, span, palette)
}

function writeSpan(write: Writer, span: HexSpan, palette: Palette): void {
  switch (span.kind) {
    case 'heading':
      write(`${palette.label(escapeText(span.path))}  ${palette.faint(escapeText(span.what))}\n`)
      return
    case 'note':
      write(`${' '.repeat(ADDRESS_DIGITS * 2 + 4)}${palette.strong(escapeText(span.text))}\n`)
      return
    case 'field': {
      const value = span.value === '' ? '' : ` = ${escapeText(span.value)}`
      writeRows(write, span, `${palette.label(escapeText(span.name))}${value}`, palette)
      return
    }
    case 'gap':
      writeRows(write, span, palette.faint('(not decoded)'), palette)
      return
    case 'fill': {
      const name = span.name === null ? palette.faint('(not decoded)') : palette.label(escapeText(span.name))
      const byte = span.byte.toString(16).padStart(2, '0')
      const text = `${span.length} bytes, all ${byte}`
      write(`${columns(span.address, span.offset, palette)}  ${text.padEnd(ROW_WIDTH)} ${name}\n`)
      return
    }
    case 'absent': {
      const name = span.name === null ? '' : ` ${palette.label(escapeText(span.name))}`
      const text = `${span.length} bytes are not in the dump (${span.reason})`
      write(`${columns(span.address, null, palette)}  ${palette.warning(text.padEnd(ROW_WIDTH))}${name}\n`)
    }
  }
}

function writeRows(
  write: Writer,
  { address, offset, bytes }: { address: number; offset: number | null; bytes: Uint8Array },
  label: string,
  palette: Palette,
): void {
  for (let piece = 0; piece < bytes.length; piece += PIECE) {
    // hexy's own address column breaks at 4 GiB: ours is beside it. Of a Uint8Array that is no Buffer it makes a
    // string, and of bytes above 0x7f 0xfd (hexy 0.4.0).
    const chunk = bytes.subarray(piece, piece + PIECE)
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const text = hexy(buffer, { bytesPerLine: ROW, bytesPerGroup: 1, showAddress: false })
    // DEL is no dot to hexy.
    const rows = text
      .replaceAll('\x7f', '.')
      .split('\n')
      .filter(row => row !== '')
    rows.forEach((row, n) => {
      const at = piece + n * ROW
      const place = columns(address + at, offset === null ? null : offset + at, palette)
      write(at === 0 ? `${place}  ${row.padEnd(ROW_WIDTH)} ${label}\n` : `${place}  ${row.trimEnd()}\n`)
    })
  }
}

function columns(address: number, offset: number | null, palette: Palette): string {
  const digits = (value: number) => value.toString(16).padStart(ADDRESS_DIGITS, '0')
  const place = offset === null ? '-'.padStart(ADDRESS_DIGITS) : digits(offset)
  return `${palette.faint(digits(address))}  ${palette.faint(place)}`
}

/** What a dump begins with when it is of a part: its name, and where it lies. */
export function hexTitle(path: string, what: string, extents: readonly Range[]): string {
  const places = extents.slice(0, 4).map(({ start, end }) => `${hex(start)}-${hex(end)}`)
  const more = extents.length > 4 ? `, and ${extents.length - 4} more` : ''
  return `${escapeText(path)}: ${escapeText(what)}, ${places.join(', ')}${more}`
}
