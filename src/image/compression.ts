import { KhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'

/** How a dump file was compressed as a whole. */
export type Compression = 'zst' | 'gz'

/** Most bytes that are decompressed on the way. */
export const DECOMPRESS_LIMIT = 2 ** 31

/** What a decompressor needs to name the file and to know when to stop. */
export interface DecompressOptions {
  /** For messages and for the command that the user could run. */
  name: string
  /** Default: 2 GiB. */
  limit?: number
}

/**
 * How a file is compressed, by its first bytes; null when it is not.
 *
 * @throws KhoError `unreadable` when the name says `.zst` or `.gz` and the bytes do not.
 */
export function detectCompression(source: ByteSource, name: string): Compression | null {
  const head = source.read(0, 4)
  const found = compressionOf(head)
  const named = compressionNamed(name)
  if (found === null && named !== null) {
    const format = named === 'zst' ? 'zstd' : 'gzip'
    throw new KhoError(
      'unreadable',
      `${name} is named .${named}, but it does not begin as ${format} data does`,
      {
        path: name,
        offset: 0,
      },
    )
  }
  return found
}

/** The compression that a file's name promises. */
export function compressionNamed(name: string): Compression | null {
  if (/\.zstd?$/i.test(name)) return 'zst'
  return /\.gz$/i.test(name) ? 'gz' : null
}

function compressionOf(head: Uint8Array): Compression | null {
  const [a, b, c, d] = head
  if (a === 0x1f && b === 0x8b && c === 8) return 'gz'
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zst'
  // A skippable frame (pzstd begins with one): 0x184d2a50 to 0x184d2a5f.
  if (a !== undefined && a >= 0x50 && a <= 0x5f && b === 0x2a && c === 0x4d && d === 0x18) return 'zst'
  return null
}

/** The error for contents that are too large, with the command that unpacks the file on disk. */
export function tooLarge(name: string, limit: number, command: string): KhoError {
  const size = limit % 2 ** 30 === 0 ? `${limit / 2 ** 30} GiB` : `${limit} bytes`
  return new KhoError('unsupported', `${name} holds more than ${size}, too much to decompress on the way`, {
    path: name,
    hint: `unpack it and open the result: ${command} ${name}`,
  })
}
