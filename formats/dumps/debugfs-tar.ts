import type { ByteSource } from '../memory/byte-source.js'

/** Bytes of a header, and what contents are padded to. */
const BLOCK = 512

/** Longest name in a record of its own (GNU, pax). */
const MAX_NAME_RECORD = 2 ** 16

/** A regular file in an archive. */
export interface TarEntry {
  name: string
  offset: number
  size: number
}

/**
 * The regular files of a tar archive (ustar, GNU and pax names), in its order. Ends without an error where the archive
 * does, or where its headers make no sense.
 */
export function* tarEntries(source: ByteSource): Generator<TarEntry> {
  let longName: string | null = null
  for (let at = 0; at + BLOCK <= source.size; ) {
    const header = source.read(at, BLOCK)
    const size = octal(header.subarray(124, 136))
    if (header[0] === 0 || size === null || at + BLOCK + size > source.size) return
    const type = String.fromCharCode(header[156] ?? 0)
    const offset = at + BLOCK
    if (type === 'L' || type === 'x') {
      const record = text(source.read(offset, Math.min(size, MAX_NAME_RECORD)), false)
      longName = type === 'L' ? record.replace(/\0.*$/s, '') : (paxPath(record) ?? longName)
    } else {
      const prefix = text(header.subarray(345, 500))
      const name: string = longName ?? (prefix === '' ? '' : `${prefix}/`) + text(header.subarray(0, 100))
      longName = null
      if (type === '0' || type === '\0') yield { name, offset, size }
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK
  }
}

/** A number in octal digits; null where there is none (base-256 numbers are for files of 8 GiB and more). */
function octal(field: Uint8Array): number | null {
  const digits = text(field).trim()
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : null
}

/** Records "LENGTH path=NAME\n" of a pax header. */
function paxPath(records: string): string | null {
  const match = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(records)
  return match === null ? null : (match[1] as string)
}

function text(bytes: Uint8Array, untilNul = true): string {
  const end = untilNul ? bytes.indexOf(0) : -1
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}
