import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'

/**
 * Where a writer's bytes go. Calls come with rising offsets that do not overlap; the bytes are valid only during
 * the call.
 */
export type Sink = (bytes: Uint8Array, offset: number) => void

/** Memory to be written: bytes at hand, or a source that is streamed. */
export type Content = Uint8Array | ByteSource

const PIECE_BYTES = 2 ** 20

/** Length of a content in bytes. */
export function contentLength(content: Content): number {
  return content instanceof Uint8Array ? content.length : content.size
}

/**
 * Hands a content to the sink in pieces of at most 1 MiB.
 *
 * @throws KhoError `unreadable` when a source gives less than it promised.
 */
export function writeContent(content: Content, offset: number, sink: Sink): void {
  if (content instanceof Uint8Array) {
    if (content.length > 0) sink(content, offset)
    return
  }
  for (let at = 0; at < content.size; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, content.size - at)
    const bytes = content.read(at, length, true)
    if (bytes.length < length) {
      throw new KhoError(
        'unreadable',
        `the source of a segment ends at ${at + bytes.length} of ${content.size} bytes`,
      )
    }
    sink(bytes, offset + at)
  }
}
