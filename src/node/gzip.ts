import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { isKhoError, KhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'
import { byteCollector } from '../image/byte-collector.js'
import { type DecompressOptions, tooLarge } from '../image/compression.js'

const PIECE_BYTES = 2 ** 20

/** Deflate's best: 258 bytes from two bits. More than that times the input is a lie of the trailer. */
const MAX_RATIO = 1032

/** Decompresses gzip members, one after the other; their CRC and length are checked (by zlib). */
export async function gunzipSource(
  source: ByteSource,
  options: Required<DecompressOptions>,
): Promise<Uint8Array> {
  const { name, limit } = options
  const output = byteCollector(limit, expectedSize(source), () => tooLarge(name, limit, 'gunzip -k'))
  try {
    await pipeline(
      pieces(source),
      createGunzip({ chunkSize: PIECE_BYTES }),
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const chunk of chunks) output.push(chunk)
      },
    )
  } catch (error) {
    if (isKhoError(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new KhoError('unreadable', `${name}: damaged gzip data: ${reason}`, { path: name })
  }
  return output.bytes()
}

function* pieces(source: ByteSource): Generator<Uint8Array> {
  for (let at = 0; at < source.size; at += PIECE_BYTES) yield source.read(at, PIECE_BYTES)
}

/** ISIZE, the last four bytes: the length of the last member modulo 2^32. A guess, within what is possible. */
function expectedSize(source: ByteSource): number {
  const trailer = source.read(Math.max(0, source.size - 4), 4)
  if (trailer.length < 4) return 0
  const size = new DataView(trailer.buffer, trailer.byteOffset, 4).getUint32(0, true)
  return Math.min(size, source.size * MAX_RATIO)
}
