import { type PageSet, SPAN_BITS, SPAN_WORDS, sortedSpans } from '../../pages/page-set.js'
import { bytesOf, madeOnce, nextUsed } from '../../pages/words.js'
import type { BuiltBits } from './built-bits.js'

/** Where bits go: bitmaps by the number of their first block, each made when it is first asked for. */
export interface BitTarget {
  /**
   * The address of the bitmap that begins with block `first`. `whole` is what it will hold, where that is known: a bitmap that
   * was not there is made of those bytes, without a copy, and 0 says that nothing is left to do.
   */
  bitmapOf(first: number, whole: Uint8Array | null): number
  /** The same for all bitmaps of a span, where several are in one, of which each has a bit: false where it cannot be done. */
  adopt?(first: number, whole: Uint8Array): boolean
}

/**
 * Hands out the bits of one order of a set in pieces of `bits` blocks: the target is asked for the bitmap of each piece that
 * has any bit once, in ascending order.
 */
export function copyBits(
  pages: PageSet,
  order: number,
  bits: number,
  built: BuiltBits,
  target: BitTarget,
): void {
  const source = pages.orders.get(order)
  if (source === undefined) return
  const step = Math.min(bits, SPAN_BITS) / 32
  const wholes = madeOnce(words => wholeOf(words, step))
  for (const span of sortedSpans(source)) {
    const words = source.spans.get(span)!
    // Whose bitmap the set owns may be written to later.
    const whole = bits > SPAN_BITS || source.owned.has(span) ? null : wholes(words)
    if (bits < SPAN_BITS && whole !== null && target.adopt?.(span * SPAN_BITS, whole) === true) continue
    for (let at = 0; at < SPAN_WORDS; at += step) {
      const used = nextUsed(words, at, at + step)
      if (used === at + step) continue
      const block = span * SPAN_BITS + at * 32
      const first = Math.floor(block / bits) * bits
      const bitmap = target.bitmapOf(first, bits === SPAN_BITS ? whole : null)
      if (bitmap !== 0) built.add(bitmap, (block - first) / 32 + used - at, words, used, at + step)
    }
  }
}

/** The bytes of a span's bitmap, where each piece of it has a bit; null where one has none. */
function wholeOf(words: Uint32Array, step: number): Uint8Array | null {
  let at = 0
  while (at < SPAN_WORDS && nextUsed(words, at, at + step) < at + step) at += step
  return at < SPAN_WORDS ? null : bytesOf(words)
}
