import { damage } from './damage.js'

/**
 * zstd's entropy-coded streams are read from their end (RFC 8878, 4.1): bit `at - 1` is next. What surrounds a
 * block in its buffer must be at least {@link MARGIN} bytes: a look beyond either end is harmless then, and is
 * found out by comparing positions.
 */
export const MARGIN = 8

/** Position after the last bit of the stream `bytes[start, end)`: below the highest bit that is set. */
export function streamEnd(bytes: Uint8Array, start: number, end: number): number {
  const last = end > start ? (bytes[end - 1] as number) : 0
  if (last === 0) throw damage('a bit stream has no end')
  return end * 8 - 8 + (31 - Math.clz32(last))
}

/** `width` (up to 25) bits that begin at bit `at`. */
export function bitsAt(bytes: Uint8Array, at: number, width: number): number {
  const i = at >> 3
  const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
  return (word >>> (at & 7)) & ((1 << width) - 1)
}
