import {
  blockSize,
  blocksAt,
  orders,
  type PageSet,
  SPAN_BITS,
  sortedSpans,
} from '../../formats/pages/page-set.js'
import { countingOnce, nextSet } from '../../formats/pages/words.js'

/** A block that is in a set. */
export interface Sample {
  address: number
  order: number
}

/** At most so many blocks of a set, evenly from its bitmaps, without listing it. */
export function sampleBlocks(pages: PageSet, most: number): Sample[] {
  const bitmaps = orders(pages).flatMap(order =>
    sortedSpans(pages.orders.get(order)!).map(span => ({ order, span })),
  )
  const samples: Sample[] = []
  const each = Math.max(1, Math.floor(most / Math.max(1, bitmaps.length)))
  const count = countingOnce()
  const stride = Math.max(1, Math.ceil(bitmaps.length / most))
  for (let n = 0; n < bitmaps.length && samples.length < most; n += stride) {
    const { order, span } = bitmaps[n]!
    const words = pages.orders.get(order)!.spans.get(span)!
    for (const bit of spreadBits(words, count(words), each, n)) {
      samples.push({ address: (span * SPAN_BITS + bit) * blockSize(pages, order), order })
    }
  }
  return samples
}

/** All bits that are set where there are no more than `most`; else from places as far apart as can be. */
function* spreadBits(words: Uint32Array, count: number, most: number, n: number): Generator<number> {
  const bits = words.length * 32
  if (count <= most) {
    for (let bit = nextSet(words, 0); bit < bits; bit = nextSet(words, bit + 1)) yield bit
    return
  }
  // Where each bitmap gives one, not always its first: the golden ratio goes round without coming back.
  const phase = most === 1 ? (n * 0.618) % 1 : 0
  let last = -1
  for (let k = 0; k < most; k++) {
    const bit = nextSet(words, Math.max(last + 1, Math.floor(((k + phase) / most) * bits)))
    if (bit >= bits) break
    last = bit
    yield bit
  }
  if (last < 0) yield nextSet(words, 0)
}

/** At most so many addresses below `end` that no block covers: evenly spaced, as far as there are any. */
export function sampleGaps(pages: PageSet, end: number, most: number): number[] {
  const page = 2 ** pages.pageShift
  const gaps: number[] = []
  const tries = most * 4
  for (let n = 0; n < tries && gaps.length < most; n++) {
    const address = Math.floor((end * (n + 0.5)) / tries / page) * page
    if (blocksAt(pages, address).length === 0) gaps.push(address)
  }
  return gaps
}
