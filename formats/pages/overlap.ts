import { blockSize, orders, type PageSet, SPAN_BITS, sortedSpans } from './page-set.js'
import { type FoundBlock, nextBlock } from './query.js'
import { nextSet } from './words.js'

/** Two blocks of different orders that share memory: the lower one lies within the higher one. */
export interface Overlap {
  low: FoundBlock
  high: FoundBlock
}

/**
 * The first blocks of different orders that share memory, at most `limit` of them, by order and address. For each bitmap
 * of the lower order only the blocks of the higher one above it are looked at, so disjoint sets cost little.
 */
export function findOverlaps(set: PageSet, limit: number): Overlap[] {
  const found: Overlap[] = []
  const all = orders(set)
  for (const low of all) {
    for (const high of all) {
      if (high > low) overlapPair(set, low, high, limit, found)
      if (found.length >= limit) return found
    }
  }
  return found
}

function overlapPair(set: PageSet, low: number, high: number, limit: number, found: Overlap[]): void {
  const lower = set.orders.get(low)!
  const higher = set.orders.get(high)!
  const ratio = 2 ** (high - low)
  const add = (lowBlock: number, highBlock: number) => {
    const address = lowBlock * blockSize(set, low)
    found.push({
      low: { address, order: low },
      high: { address: highBlock * blockSize(set, high), order: high },
    })
  }
  // A block that is larger than what a bitmap of the lower order spans is met again in the next one.
  let told = -1
  for (const span of sortedSpans(lower)) {
    const words = lower.spans.get(span)!
    const base = span * SPAN_BITS
    const end = (base + SPAN_BITS) / ratio
    let block = nextBlock(higher, Math.floor(base / ratio))
    for (; block >= 0 && block < end; block = nextBlock(higher, block + 1)) {
      const from = Math.max(block * ratio - base, 0)
      const bit = nextSet(words, from)
      if (bit >= SPAN_BITS) break
      if (bit < (block + 1) * ratio - base) {
        if (block !== told) add(base + bit, block)
        told = block
        if (found.length >= limit) return
      } else {
        // Nothing of the lower order up to `bit`: go on with the block that holds it.
        block = Math.max(block, Math.floor((base + bit) / ratio) - 1)
      }
    }
  }
}
