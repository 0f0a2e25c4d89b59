import { joinBytes } from '../../formats/memory/join-bytes.js'

/** One entry of an archive. */
export interface CpioEntry {
  /** Path without a leading `/`. */
  name: string
  /** Type and permission bits, as in `st_mode`. */
  mode: number
  /** Contents of a regular file. */
  content?: Uint8Array
  /** Device number of a special file. */
  device?: { major: number; minor: number }
}

/** Type bits of `st_mode`. */
export const CPIO_MODE = { file: 0o100000, folder: 0o040000, character: 0o020000 } as const

const MAGIC = '070701'
const HEADER_BYTES = 110
const TRAILER = 'TRAILER!!!'

/**
 * Writes an archive in the "newc" format that the kernel unpacks as an initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Owners are root, times are 0: same entries, same bytes.
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  return joinBytes([...entries, { name: TRAILER, mode: 0 }].map(encodeEntry))
}

/** Header, name and contents, each padded to a multiple of four bytes. */
function encodeEntry(entry: CpioEntry, index: number): Uint8Array {
  const content = entry.content ?? new Uint8Array()
  const name = new TextEncoder().encode(`${entry.name}\0`)
  const fields = [
    index + 1,
    entry.mode,
    0,
    0,
    1,
    0,
    content.length,
    0,
    0,
    entry.device?.major ?? 0,
    entry.device?.minor ?? 0,
    name.length,
    0,
  ]
  const header = MAGIC + fields.map(field => field.toString(16).padStart(8, '0')).join('')
  const contentAt = padded(HEADER_BYTES + name.length)
  const bytes = new Uint8Array(contentAt + padded(content.length))
  bytes.set(new TextEncoder().encode(header))
  bytes.set(name, HEADER_BYTES)
  bytes.set(content, contentAt)
  return bytes
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}
