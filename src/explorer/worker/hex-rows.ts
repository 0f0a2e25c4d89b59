import { KhoError } from '../../../formats/error.js'
import type { Range } from '../../../formats/memory/range.js'
import type { HexSpan } from '../../hex/span.js'
import { addressSpans, partSpans } from '../../hex/spans.js'
import type { KhoState } from '../../image/state.js'
import { resolve } from '../../model/resolve.js'
import type { HexRow } from '../protocol.js'

/** Rows of a target, which is `/PATH` or `0xADDRESS+BYTES`: at most `most` of them. */
export function hexRows(state: KhoState, target: string, most: number): { rows: HexRow[]; more: boolean } {
  const rows: HexRow[] = []
  for (const span of spansOf(state, target)) {
    if (rows.length === most) return { rows, more: true }
    rows.push(rowOf(span))
  }
  return { rows, more: false }
}

function spansOf(state: KhoState, target: string): Iterable<HexSpan> {
  if (target.startsWith('/')) {
    const node = resolve(state, target.slice(1))
    return partSpans(state, node)
  }
  return addressSpans(state, rangeIn(target))
}

function rangeIn(target: string): Range {
  const match = /^(0x[0-9a-f]+)\+(\d+)$/.exec(target)
  if (match === null) throw new KhoError('usage', `'${target}' is neither an address nor a path`)
  const start = Number(match[1])
  return { start, end: start + Number(match[2]) }
}

function rowOf(span: HexSpan): HexRow {
  const row = { address: span.address, bytes: '', text: '', name: '', value: '', kind: span.kind }
  switch (span.kind) {
    case 'heading':
      return { ...row, name: `${span.path}  ${span.what}` }
    case 'note':
      return { ...row, name: span.text }
    case 'field':
      return { ...row, ...shown(span.bytes), name: span.name, value: span.value }
    case 'gap':
      return { ...row, ...shown(span.bytes) }
    case 'fill':
      return { ...row, name: span.name ?? '', value: `${span.length} bytes of 0x${span.byte.toString(16)}` }
    case 'absent':
      return {
        ...row,
        name: span.name ?? '',
        value: `${span.length} bytes are not in the dump (${span.reason})`,
      }
  }
}

/** Bytes of a long field that are shown. */
const MOST_BYTES = 16

function shown(bytes: Uint8Array): { bytes: string; text: string } {
  const some = bytes.subarray(0, MOST_BYTES)
  const digits = Array.from(some, byte => byte.toString(16).padStart(2, '0')).join(' ')
  const text = Array.from(some, byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(
    '',
  )
  return { bytes: some.length < bytes.length ? `${digits} …` : digits, text }
}
