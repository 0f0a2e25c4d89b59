import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { isKhoError, KhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'

const PIECE_BYTES = 2 ** 20

/** Decompresses gzip members, one after the other; their CRC and length are checked (by zlib). */
export async function gunzip(
  source: ByteSource,
  name: string,
  put: (bytes: Uint8Array) => void,
): Promise<void> {
  try {
    await pipeline(
      sourcePieces(source, 0, source.size),
      createGunzip({ chunkSize: PIECE_BYTES }),
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const chunk of chunks) put(chunk)
      },
    )
  } catch (error) {
    if (isKhoError(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new KhoError('unreadable', `${name}: damaged gzip data: ${reason}`, { path: name })
  }
}

/** A part of a source, a MiB at a time. */
export function* sourcePieces(source: ByteSource, start: number, end: number): Generator<Uint8Array> {
  for (let at = start; at < end; at += PIECE_BYTES) yield source.read(at, Math.min(PIECE_BYTES, end - at))
}
