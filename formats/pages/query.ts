import { lowerBound } from '../memory/sorted.js'
import { blockSize, type OrderBits, orders, type PageSet, SPAN_BITS, sortedSpans } from './page-set.js'
import { countBetween, countingOnce, nextClear, nextSet } from './words.js'

/** One preserved block. */
export interface FoundBlock {
  /** Physical address. */
  address: number
  order: number
}

/** Number of the first block of an order at or after `from`, or -1. Spans that are not there cost nothing. */
export function nextBlock(bits: OrderBits, from: number): number {
  const spans = sortedSpans(bits)
  for (let n = lowerBound(spans, Math.floor(from / SPAN_BITS)); n < spans.length; n++) {
    const base = (spans[n] as number) * SPAN_BITS
    const bit = nextSet(bits.spans.get(spans[n] as number)!, Math.max(from - base, 0))
    if (bit < SPAN_BITS) return base + bit
  }
  return -1
}

/** The first block that begins at or after an address, and of several there that of the lowest order; null where there is none. */
export function blockFrom(set: PageSet, address: number): FoundBlock | null {
  let found: FoundBlock | null = null
  for (const order of orders(set)) {
    const size = blockSize(set, order)
    const block = nextBlock(set.orders.get(order)!, Math.ceil(address / size))
    if (block >= 0 && (found === null || block * size < found.address))
      found = { address: block * size, order }
  }
  return found
}

/** Blocks that share a byte with `[start, end)`, lowest order first, at most `limit` of them. */
export function blocksIn(set: PageSet, start: number, end: number, limit: number): FoundBlock[] {
  const found: FoundBlock[] = []
  if (end <= start) return found
  for (const order of orders(set)) {
    const size = blockSize(set, order)
    const bits = set.orders.get(order)!
    let block = nextBlock(bits, Math.floor(start / size))
    while (block >= 0 && block * size < end && found.length < limit) {
      found.push({ address: block * size, order })
      block = nextBlock(bits, block + 1)
    }
  }
  return found
}

/** Number of blocks that share a byte with `[start, end)`, counted a word at a time. */
export function countBlocksIn(set: PageSet, start: number, end: number): number {
  if (end <= start) return 0
  let total = 0
  for (const [order, bits] of set.orders) {
    const size = blockSize(set, order)
    total += countRun(bits, Math.floor(start / size), Math.ceil(end / size))
  }
  return total
}

/** Number of blocks of one order from number `first` up to, not including, number `end`. */
export function countRun(bits: OrderBits, first: number, end: number): number {
  const spans = sortedSpans(bits)
  const whole = countingOnce()
  let total = 0
  for (let n = lowerBound(spans, Math.floor(first / SPAN_BITS)); n < spans.length; n++) {
    const base = (spans[n] as number) * SPAN_BITS
    if (base >= end) break
    const words = bits.spans.get(spans[n] as number)!
    if (first <= base && end >= base + SPAN_BITS) total += whole(words)
    else total += countBetween(words, Math.max(first - base, 0), Math.min(end - base, SPAN_BITS))
  }
  return total
}

/**
 * Calls `visit` for every piece of `[start, end)` that lies in no block, ascending. Costs as much as the blocks' runs in
 * the range, not as the blocks. Return false to stop.
 */
export function forEachGap(
  set: PageSet,
  start: number,
  end: number,
  visit: (start: number, end: number) => unknown,
): void {
  for (let at = start; at < end; ) {
    const covered = coveredUntil(set, at)
    if (covered > at) {
      at = covered
      continue
    }
    const next = Math.min(nextCovered(set, at), end)
    if (visit(at, next) === false) return
    at = next
  }
}

/** End of the longest run of blocks of one order that `address` lies in, as far as its bitmap goes; else `address`. */
function coveredUntil(set: PageSet, address: number): number {
  let until = address
  for (const [order, bits] of set.orders) {
    const size = blockSize(set, order)
    const block = Math.floor(address / size)
    const base = Math.floor(block / SPAN_BITS) * SPAN_BITS
    const words = bits.spans.get(base / SPAN_BITS)
    const bit = block - base
    if (words === undefined || ((words[bit >>> 5]! >>> (bit & 31)) & 1) === 0) continue
    until = Math.max(until, (base + nextClear(words, bit)) * size)
  }
  return until
}

/** Where the next block after an address that is in none begins; infinity where there is none. */
function nextCovered(set: PageSet, address: number): number {
  let next = Number.POSITIVE_INFINITY
  for (const [order, bits] of set.orders) {
    const size = blockSize(set, order)
    const block = nextBlock(bits, Math.ceil(address / size))
    if (block >= 0) next = Math.min(next, block * size)
  }
  return next
}
