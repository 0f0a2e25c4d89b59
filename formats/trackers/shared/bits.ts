import { type PageSet, SPAN_BITS, SPAN_WORDS, sortedSpans } from '../../pages/page-set.js'
import { nextUsed, wordsOf } from '../../pages/words.js'

/** Sets bit `bit` of a kernel bitmap. */
export function setBit(bytes: Uint8Array, bit: number): void {
  bytes[bit >>> 3] = bytes[bit >>> 3]! | (1 << (bit & 7))
}

/** Clears bit `bit`; false where it was clear. */
export function clearBit(bytes: Uint8Array, bit: number): boolean {
  const mask = 1 << (bit & 7)
  const had = (bytes[bit >>> 3]! & mask) !== 0
  bytes[bit >>> 3] = bytes[bit >>> 3]! & ~mask
  return had
}

/**
 * Hands out the bits of one order of a set in pieces of `bits` blocks: `target` is asked for the bitmap that holds
 * block number `first` (a multiple of `bits`) once for each piece that has any bit, in ascending order.
 */
export function copyBits(
  pages: PageSet,
  order: number,
  bits: number,
  target: (first: number) => Uint8Array,
): void {
  const source = pages.orders.get(order)
  if (source === undefined) return
  const step = Math.min(bits, SPAN_BITS) / 32
  for (const span of sortedSpans(source)) {
    const words = source.spans.get(span)!
    for (let at = 0; at < SPAN_WORDS; at += step) {
      const piece = words.subarray(at, at + step)
      const used = nextUsed(piece, 0)
      if (used >= step) continue
      const block = span * SPAN_BITS + at * 32
      const first = Math.floor(block / bits) * bits
      const into = wordsOf(target(first))
      const offset = (block - first) / 32
      for (let i = used; i < step; i++) {
        const word = piece[i]!
        if (word !== 0) into[offset + i] = into[offset + i]! | word
      }
    }
  }
}
