import { KhoError } from '../error.js'
import {
  createPageSet,
  type OrderBits,
  orderBits,
  orders,
  type PageSet,
  putSpan,
  SPAN_WORDS,
  sortedSpans,
} from './page-set.js'
import { isEmpty, isSameMemory, sameWords, without } from './words.js'

/*
 * Set algebra by order: two blocks are the same only when address and order are. Bitmaps that are the same words are
 * not looked into, and results share bitmaps with their operands wherever they can.
 */

/** Every block that is in either set. */
export function union(a: PageSet, b: PageSet): PageSet {
  return combine(a, b, { alone: 'both', both: wordwise((x, y) => x | y) })
}

/** Every block that is in both sets. */
export function intersection(a: PageSet, b: PageSet): PageSet {
  return combine(a, b, { alone: 'neither', both: wordwise((x, y) => x & y) })
}

/** Every block of `a` that is not in `b`. */
export function difference(a: PageSet, b: PageSet): PageSet {
  return combine(a, b, { alone: 'first', both: without })
}

/** The same blocks in a set of its own, without the bitmaps that are empty. */
export function copySet(set: PageSet): PageSet {
  const copy = createPageSet(set.pageShift)
  for (const order of orders(set)) {
    for (const [span, words] of set.orders.get(order)!.spans) {
      if (!isEmpty(words)) putSpan(orderBits(copy, order), span, words, false)
    }
  }
  return copy
}

/** True when both sets hold the same blocks of the same orders. */
export function samePages(a: PageSet, b: PageSet): boolean {
  checkShifts(a, b)
  const all = new Set([...orders(a), ...orders(b)])
  return [...all].every(order => sameOrder(a, b, order))
}

/** True when a set has no block. */
export function isEmptySet(set: PageSet): boolean {
  for (const bits of set.orders.values()) if (hasBlocks(bits)) return false
  return true
}

/** Orders of which a set has a block, ascending. */
export function usedOrders(set: PageSet): number[] {
  return orders(set).filter(order => hasBlocks(set.orders.get(order)!))
}

function hasBlocks({ spans }: OrderBits): boolean {
  for (const words of spans.values()) if (!isEmpty(words)) return true
  return false
}

function sameOrder(a: PageSet, b: PageSet, order: number): boolean {
  const x = a.orders.get(order)?.spans
  const y = b.orders.get(order)?.spans
  // Two bitmaps of which each stands for many spans are compared once.
  let same: readonly [Uint32Array, Uint32Array] | null = null
  for (const [span, words] of x ?? []) {
    const other = y?.get(span)
    if (other === undefined) {
      if (!isEmpty(words)) return false
    } else if (!isSameMemory(words, other)) {
      if (same !== null && isSameMemory(words, same[0]) && isSameMemory(other, same[1])) continue
      if (!sameWords(words, other)) return false
      same = [words, other]
    }
  }
  for (const [span, words] of y ?? []) if (!x?.has(span) && !isEmpty(words)) return false
  return true
}

interface Operation {
  /** Which side's bitmap stays where the other has none. */
  alone: 'both' | 'first' | 'neither'
  /** A bitmap of its own, or one of the two as it is; null where nothing is left. */
  both: (x: Uint32Array, y: Uint32Array) => Uint32Array | null
}

/** An operation that leaves a bit as it is where both have the same. */
function wordwise(both: (x: number, y: number) => number): Operation['both'] {
  return (x, y) => {
    if (isSameMemory(x, y)) return x
    const words = new Uint32Array(SPAN_WORDS)
    for (let i = 0; i < SPAN_WORDS; i++) words[i] = both(x[i]!, y[i]!)
    return words
  }
}

function combine(a: PageSet, b: PageSet, operation: Operation): PageSet {
  checkShifts(a, b)
  const result = createPageSet(a.pageShift)
  for (const order of new Set([...orders(a), ...orders(b)])) {
    combineOrder(result, order, a.orders.get(order), b.orders.get(order), operation)
  }
  return result
}

function combineOrder(
  result: PageSet,
  order: number,
  a: OrderBits | undefined,
  b: OrderBits | undefined,
  { alone, both }: Operation,
): void {
  const keep = (span: number, words: Uint32Array | null, owned: boolean) => {
    if (words !== null && !isEmpty(words)) putSpan(orderBits(result, order), span, words, owned)
  }
  let last: { x: Uint32Array; y: Uint32Array; words: Uint32Array | null; span: number } | null = null
  for (const span of a === undefined ? [] : sortedSpans(a)) {
    const x = a!.spans.get(span)!
    const y = b?.spans.get(span)
    if (y === undefined) {
      if (alone !== 'neither') keep(span, x, false)
      continue
    }
    // What two bitmaps give that stand for many spans is one bitmap, too.
    if (last !== null && isSameMemory(x, last.x) && isSameMemory(y, last.y)) {
      keep(span, last.words, false)
      result.orders.get(order)?.owned.delete(last.span)
      continue
    }
    const words = both(x, y)
    keep(span, words, words !== x)
    last = { x, y, words, span }
  }
  if (alone !== 'both' || b === undefined) return
  for (const span of sortedSpans(b)) if (!a?.spans.has(span)) keep(span, b.spans.get(span)!, false)
}

function checkShifts(a: PageSet, b: PageSet): void {
  if (a.pageShift !== b.pageShift) {
    throw new KhoError(
      'usage',
      `sets of ${2 ** a.pageShift} and ${2 ** b.pageShift} byte pages: re-block one of them first`,
    )
  }
}
