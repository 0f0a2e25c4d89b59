import { ADDRESS_LIMIT, type PageShift } from '../memory/geometry.js'
import { countBits, countingOnce, fillBits, isEmpty, sameWords } from './words.js'

/** Blocks in one bitmap of a set: what one page of 4 KiB holds, the leaf of every merged format with 4K pages. */
export const SPAN_BITS = 32768
/** 32-bit words in one bitmap of a set. */
export const SPAN_WORDS = SPAN_BITS / 32

/** The one bitmap that every full span of a run shares: never written to, because no set owns it. */
const FULL_SPAN = new Uint32Array(SPAN_WORDS).fill(0xffffffff)

/** True for the bitmap that full spans share: that all of its bits are set need not be looked up. Others may be full, too. */
export function isFullSpan(words: Uint32Array): boolean {
  return words === FULL_SPAN
}

/**
 * The blocks of one order: bitmaps of {@link SPAN_BITS} bits, sparse. Bit `b` of span `s` is the block whose number
 * (address divided by block size) is `s * SPAN_BITS + b`.
 */
export interface OrderBits {
  readonly order: number
  /** Span index to bitmap. A bitmap may be a view of a dump: replace it, never write to it, unless it is in `owned`. */
  readonly spans: Map<number, Uint32Array>
  /** Spans whose bitmap belongs to this set and may be written to. */
  readonly owned: Set<number>
  /** Span indexes in ascending order, or null when they must be sorted again. */
  sorted: number[] | null
  /** The span that parts of a bitmap were merged into last, and the one before it. */
  merging?: { span: number; before: number }
}

/** Which blocks of which order are preserved. One bit a block, whatever its size. */
export interface PageSet {
  readonly pageShift: PageShift
  readonly orders: Map<number, OrderBits>
}

/** An empty set for pages of `2 ** pageShift` bytes. */
export function createPageSet(pageShift: PageShift): PageSet {
  return { pageShift, orders: new Map() }
}

/** Orders that have at least one bitmap, ascending. */
export function orders(set: PageSet): number[] {
  return [...set.orders.keys()].sort((a, b) => a - b)
}

/** Bytes in a block of an order. */
export function blockSize(set: PageSet, order: number): number {
  return 2 ** (set.pageShift + order)
}

/** Span indexes of an order, ascending. */
export function sortedSpans(bits: OrderBits): number[] {
  bits.sorted ??= [...bits.spans.keys()].sort((a, b) => a - b)
  return bits.sorted
}

/** The bits of an order, made when there are none yet. */
export function orderBits(set: PageSet, order: number): OrderBits {
  let bits = set.orders.get(order)
  if (bits === undefined) {
    bits = { order, spans: new Map(), owned: new Set(), sorted: null }
    set.orders.set(order, bits)
  }
  return bits
}

/** Bitmaps are cut from pieces of this many: an allocation for each costs more than clearing it. */
const SLAB_SPANS = 64
let slab = new Uint32Array(0)
let slabUsed = 0

function freshSpan(): Uint32Array {
  if (slabUsed === slab.length) {
    slab = new Uint32Array(SLAB_SPANS * SPAN_WORDS)
    slabUsed = 0
  }
  slabUsed += SPAN_WORDS
  return slab.subarray(slabUsed - SPAN_WORDS, slabUsed)
}

/** The bitmap of a span, ready to be written to. */
export function writableSpan(bits: OrderBits, span: number): Uint32Array {
  const words = bits.spans.get(span)
  if (words === undefined) {
    const fresh = freshSpan()
    bits.spans.set(span, fresh)
    bits.owned.add(span)
    bits.sorted = null
    return fresh
  }
  if (bits.owned.has(span)) return words
  const copy = words.slice()
  bits.spans.set(span, copy)
  bits.owned.add(span)
  return copy
}

/** Puts a bitmap in place of a span's, without copying it. */
export function putSpan(bits: OrderBits, span: number, words: Uint32Array, owned: boolean): void {
  const count = bits.spans.size
  bits.spans.set(span, words)
  if (bits.spans.size !== count) bits.sorted = null
  if (owned) bits.owned.add(span)
  else if (bits.owned.size > 0) bits.owned.delete(span)
}

/** Blocks of an order that end at or below the largest address this package deals in. */
function blockLimit(set: PageSet, order: number): number {
  return Math.floor(ADDRESS_LIMIT / blockSize(set, order))
}

/** Adds the block of an order that begins at `address`, a multiple of its size. */
export function addBlock(set: PageSet, address: number, order: number): void {
  addRun(set, order, address / blockSize(set, order), 1)
}

/** Adds `count` blocks of an order, from block number `first`. */
export function addRun(set: PageSet, order: number, first: number, count: number): void {
  if (count <= 0) return
  const bits = orderBits(set, order)
  const end = first + count
  let span = Math.floor(first / SPAN_BITS)
  while (span * SPAN_BITS < end) {
    const base = span * SPAN_BITS
    const from = Math.max(first - base, 0)
    const to = Math.min(end - base, SPAN_BITS)
    if (to - from === SPAN_BITS) putSpan(bits, span, FULL_SPAN, false)
    else fillBits(writableSpan(bits, span), from, to)
    span++
  }
}

/** Takes one block out. */
export function removeBlock(set: PageSet, address: number, order: number): void {
  const bits = set.orders.get(order)
  if (bits === undefined) return
  const block = address / blockSize(set, order)
  const span = Math.floor(block / SPAN_BITS)
  if (!bits.spans.has(span)) return
  const words = writableSpan(bits, span)
  const bit = block - span * SPAN_BITS
  words[bit >>> 5] = words[bit >>> 5]! & ~(1 << (bit & 31))
}

/**
 * Adds a kernel's bitmap: bit `i` of `words` is block `first + i`. Whole spans are adopted as they are, without
 * copying, when span and phase fit; everything else is merged. Returns how many set bits lay beyond the largest
 * address and were left out.
 */
export function addBitmap(set: PageSet, order: number, first: number, words: Uint32Array): number {
  const limit = blockLimit(set, order)
  if (first + words.length * 32 > limit) return addClipped(set, order, first, words, limit)
  const bits = orderBits(set, order)
  if (first % SPAN_BITS === 0 && words.length === SPAN_WORDS) {
    mergeSpan(bits, first / SPAN_BITS, words)
  } else if (first % SPAN_BITS === 0 && words.length % SPAN_WORDS === 0) {
    for (let at = 0; at < words.length; at += SPAN_WORDS) {
      mergeSpan(bits, first / SPAN_BITS + at / SPAN_WORDS, words.subarray(at, at + SPAN_WORDS))
    }
  } else {
    mergeShifted(bits, first, words)
  }
  return 0
}

function mergeSpan(bits: OrderBits, span: number, words: Uint32Array): void {
  if (isEmpty(words)) return
  if (!bits.spans.has(span)) {
    putSpan(bits, span, words, false)
    return
  }
  const target = writableSpan(bits, span)
  for (let i = 0; i < SPAN_WORDS; i++) target[i] = target[i]! | words[i]!
}

function mergeShifted(bits: OrderBits, first: number, words: Uint32Array): void {
  const shift = first % 32
  if (shift === 0) {
    for (let at = 0; at < words.length; ) {
      const index = Math.floor(first / 32) + at
      const within = index % SPAN_WORDS
      const count = Math.min(SPAN_WORDS - within, words.length - at)
      mergeWithin(bits, (index - within) / SPAN_WORDS, within, words.subarray(at, at + count))
      at += count
    }
    return
  }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === 0) continue
    orWord(bits, first - shift + i * 32, word << shift)
    orWord(bits, first - shift + (i + 1) * 32, word >>> (32 - shift))
  }
}

/** Merges words that lie within one span, from its word `index`. */
function mergeWithin(bits: OrderBits, span: number, index: number, words: Uint32Array): void {
  if (isEmpty(words)) return
  const { merging } = bits
  if (merging === undefined) {
    bits.merging = { span, before: span }
  } else if (merging.span !== span) {
    shareWith(bits, merging.before, merging.span)
    merging.before = merging.span
    merging.span = span
  }
  const target = writableSpan(bits, span)
  for (let i = 0; i < words.length; i++) target[index + i] = target[index + i]! | words[i]!
}

/**
 * Makes one bitmap of two spans that came to be the same: a list may name one small bitmap for all of memory, of which each
 * span would be a page of its own. Whichever is written to afterwards is copied first.
 */
function shareWith(bits: OrderBits, before: number, span: number): void {
  const words = bits.spans.get(span)
  const other = bits.spans.get(before)
  if (before === span || words === undefined || other === undefined || !bits.owned.has(span)) return
  if (!sameWords(words, other)) return
  bits.spans.set(span, other)
  bits.owned.delete(span)
  bits.owned.delete(before)
  if (words.buffer !== slab.buffer || words.byteOffset !== (slabUsed - SPAN_WORDS) * 4) return
  words.fill(0)
  slabUsed -= SPAN_WORDS
}

/** Merges one word whose first bit is block number `block`, a multiple of 32. */
function orWord(bits: OrderBits, block: number, word: number): void {
  if (word === 0) return
  const span = Math.floor(block / SPAN_BITS)
  const target = writableSpan(bits, span)
  const index = (block - span * SPAN_BITS) / 32
  target[index] = target[index]! | word
}

function addClipped(set: PageSet, order: number, first: number, words: Uint32Array, limit: number): number {
  const total = countBits(words)
  if (first >= limit) return total
  const keep = limit - first
  const clipped = words.slice(0, Math.ceil(keep / 32))
  const spare = keep % 32
  if (spare !== 0) {
    clipped[clipped.length - 1] = clipped[clipped.length - 1]! & (0xffffffff >>> (32 - spare))
  }
  mergeShifted(orderBits(set, order), first, clipped)
  return total - countBits(clipped)
}

/** True when the block of exactly this order that begins at `address` is in the set. */
export function hasBlock(set: PageSet, address: number, order: number): boolean {
  const bits = set.orders.get(order)
  if (bits === undefined) return false
  const block = address / blockSize(set, order)
  const span = Math.floor(block / SPAN_BITS)
  const words = bits.spans.get(span)
  if (words === undefined || !Number.isInteger(block)) return false
  const bit = block - span * SPAN_BITS
  return ((words[bit >>> 5]! >>> (bit & 31)) & 1) === 1
}

/** The blocks that an address lies in, lowest order first; more than one when blocks overlap. */
export function blocksAt(set: PageSet, address: number): { address: number; order: number }[] {
  const found: { address: number; order: number }[] = []
  for (const order of set.orders.keys()) {
    const size = blockSize(set, order)
    const start = Math.floor(address / size) * size
    if (hasBlock(set, start, order)) found.push({ address: start, order })
  }
  return found.length < 2 ? found : found.sort((a, b) => a.order - b.order)
}

/** Number of blocks of an order. */
export function countBlocks(set: PageSet, order: number): number {
  const count = countingOnce()
  let total = 0
  for (const words of set.orders.get(order)?.spans.values() ?? []) total += count(words)
  return total
}

/** Blocks of all orders, and the sum of their sizes in bytes (blocks that overlap count twice). */
export function totals(set: PageSet): { blocks: number; bytes: number } {
  let blocks = 0
  let bytes = 0
  for (const order of set.orders.keys()) {
    const count = countBlocks(set, order)
    blocks += count
    bytes += count * blockSize(set, order)
  }
  return { blocks, bytes }
}
