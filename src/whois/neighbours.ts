import { lowerBound } from '../../formats/memory/sorted.js'
import {
  blockSize,
  type OrderBits,
  orders,
  type PageSet,
  SPAN_BITS,
  sortedSpans,
} from '../../formats/pages/page-set.js'
import { nextBlock } from '../../formats/pages/query.js'
import { lastSet } from '../../formats/pages/words.js'

/** A preserved block. */
export interface PreservedBlock {
  address: number
  order: number
}

/** The preserved block with the highest start at or below `address`, of equal ones the lowest order; null where there is none. */
export function blockBefore(pages: PageSet, address: number): PreservedBlock | null {
  let best: PreservedBlock | null = null
  for (const order of orders(pages)) {
    const size = blockSize(pages, order)
    const block = previousSet(pages.orders.get(order)!, Math.floor(address / size))
    if (block >= 0 && (best === null || block * size > best.address)) best = { address: block * size, order }
  }
  return best
}

/** The preserved block with the lowest start at or above `address`, of equal ones the lowest order; null where there is none. */
export function blockAfter(pages: PageSet, address: number): PreservedBlock | null {
  let best: PreservedBlock | null = null
  for (const order of orders(pages)) {
    const size = blockSize(pages, order)
    const block = nextBlock(pages.orders.get(order)!, Math.ceil(address / size))
    if (block >= 0 && (best === null || block * size < best.address)) best = { address: block * size, order }
  }
  return best
}

/** Number of the last block at or before `from`, or -1. */
function previousSet(bits: OrderBits, from: number): number {
  const spans = sortedSpans(bits)
  const wanted = Math.floor(from / SPAN_BITS)
  for (let n = lowerBound(spans, wanted + 1) - 1; n >= 0; n--) {
    const span = spans[n]!
    const last = span === wanted ? from - span * SPAN_BITS : SPAN_BITS - 1
    const bit = lastSet(bits.spans.get(span)!, last)
    if (bit >= 0) return span * SPAN_BITS + bit
  }
  return -1
}
