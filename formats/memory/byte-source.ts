import { KhoError } from '../error.js'
import type { Range } from './range.js'

/** Random access to a file's bytes, handed in by whoever owns the I/O. */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number
  /**
   * The bytes at `offset`; shorter than `length` only at the end of the source. The result may be a view
   * of a buffer that the next read overwrites only if `reuse` is set.
   */
  read(offset: number, length: number, reuse?: boolean): Uint8Array
  /**
   * The parts that were ever written, ascending and disjoint, as offsets: all else reads as zeros. Null, or no such function,
   * where that is not known. Asked for by who looks through all of a source.
   */
  written?(): readonly Range[] | null
}

/** A source over bytes in memory; reads are views. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      if (offset < 0 || length < 0) {
        throw new KhoError('usage', `read of ${length} bytes at offset ${offset}`)
      }
      return bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length))
    },
  }
}
