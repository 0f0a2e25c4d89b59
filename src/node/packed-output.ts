import { KhoError } from '../../formats/error.js'
import { type Compression, compressionNamed } from '../image/compression.js'
import type { OutputFile } from './output-file.js'

/** Compressed at once, as a member or a frame of its own: readers take any number of them for one file. */
const PIECE_BYTES = 2 ** 22

type Pack = (bytes: Uint8Array) => Uint8Array

/**
 * What a file named `.gz` or `.zst` promises: its contents are compressed on their way into it. Any other name leaves
 * the output as it is.
 *
 * @throws KhoError `missing` where the running Node cannot do that
 */
export function packedByName(name: string, open: () => OutputFile): OutputFile {
  const compression = compressionNamed(name)
  if (compression === null) return open()
  const pack = packer(compression, name)
  return packed(open(), pack)
}

/** A file that gets its contents gzipped. */
export function gzipped(file: OutputFile): OutputFile {
  return packed(file, gzip)
}

/** Loaded when there is something to compress: every command has an output, few compress it. */
const zlib = () => process.getBuiltinModule('node:zlib')

const gzip: Pack = bytes => zlib().gzipSync(bytes)

function packer(compression: Compression, name: string): Pack {
  if (compression === 'gz') return gzip
  // Since Node 22.15 and 23.8.
  const { zstdCompressSync } = zlib() as { zstdCompressSync?: Pack }
  if (zstdCompressSync !== undefined) return zstdCompressSync
  throw new KhoError('missing', `cannot write ${name}: Node ${process.version} has no zstd`, {
    path: name,
    hint: `a Node of 22.15 or later has it; or name it .gz, or write it with -o - | zstd -o ${name}`,
  })
}

function packed(file: OutputFile, pack: Pack): OutputFile {
  const piece = new Uint8Array(PIECE_BYTES)
  let filled = 0
  let position = 0
  let size = 0
  let zeros: Uint8Array | null = null
  const put = (bytes: Uint8Array) => {
    file.write(bytes, size)
    size += bytes.length
  }
  const took = (count: number) => {
    filled += count
    position += count
    if (filled < PIECE_BYTES) return
    put(pack(piece))
    filled = 0
  }
  /** Long holes are the same piece again and again. */
  const skipTo = (offset: number) => {
    while (position < offset) {
      if (filled === 0 && offset - position >= PIECE_BYTES) {
        zeros ??= pack(new Uint8Array(PIECE_BYTES))
        put(zeros)
        position += PIECE_BYTES
      } else {
        const count = Math.min(offset - position, PIECE_BYTES - filled)
        piece.fill(0, filled, filled + count)
        took(count)
      }
    }
  }
  return {
    write(bytes, offset) {
      skipTo(offset)
      for (let at = 0; at < bytes.length; ) {
        const count = Math.min(bytes.length - at, PIECE_BYTES - filled)
        piece.set(bytes.subarray(at, at + count), filled)
        at += count
        took(count)
      }
    },
    finish(end) {
      skipTo(end)
      if (filled > 0) put(pack(piece.subarray(0, filled)))
      file.finish(size)
    },
    close: () => file.close(),
  }
}
