import { KhoError } from '../../../formats/error.js'
import type { ByteSource } from '../../../formats/memory/byte-source.js'

/** What is read at once where little is asked for. */
const PIECE = 2 ** 18
/** Pieces that are kept. */
const KEPT = 256

/** A file on the user's disk: pieces of it are read when they are needed, so that one of 64 GiB opens at once. */
export function blobSource(blob: Blob, name: string): ByteSource {
  const reader = new FileReaderSync()
  const pieces = new Map<number, Uint8Array>()
  const load = (start: number, end: number): Uint8Array => {
    try {
      return new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, end)))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new KhoError('unreadable', `${name} cannot be read: ${why}`, { path: name, offset: start })
    }
  }
  const piece = (index: number): Uint8Array => {
    const kept = pieces.get(index)
    if (kept !== undefined) return kept
    if (pieces.size >= KEPT) pieces.delete(pieces.keys().next().value!)
    const bytes = load(index * PIECE, (index + 1) * PIECE)
    pieces.set(index, bytes)
    return bytes
  }
  return {
    size: blob.size,
    read(offset, length) {
      if (offset < 0 || length < 0) throw new KhoError('usage', `read of ${length} bytes at offset ${offset}`)
      const start = Math.min(offset, blob.size)
      const end = Math.min(offset + length, blob.size)
      const first = Math.floor(start / PIECE)
      if (end - start > PIECE) return load(start, end)
      const bytes = piece(first).subarray(start - first * PIECE, end - first * PIECE)
      if (bytes.length === end - start) return bytes
      const whole = new Uint8Array(end - start)
      whole.set(bytes)
      whole.set(piece(first + 1).subarray(0, whole.length - bytes.length), bytes.length)
      return whole
    },
  }
}
