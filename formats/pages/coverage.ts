import type { PageShift } from '../memory/geometry.js'
import type { Range } from '../memory/range.js'
import { lastAtOrBelow, lowerBound } from '../memory/sorted.js'
import { clearRuns, createRuns, mergeRuns, type PageRuns } from './page-runs.js'
import { isFullSpan, type OrderBits, type PageSet, SPAN_BITS, SPAN_WORDS } from './page-set.js'
import { forEachRun } from './runs.js'
import {
  countBetween,
  countBits,
  countingOnce,
  isEmpty,
  lastSet,
  madeOnce,
  nextClear,
  nextSet,
} from './words.js'

/**
 * Which pages a set covers, whatever the orders of its blocks: small blocks as bitmaps of one bit a page, large ones as
 * runs, so that a block of any size costs no more than its bit did (times 64 at worst). The two may overlap.
 */
export interface Coverage {
  readonly pageShift: PageShift
  /** Span index to bitmap, as in a page set. May be shared with other sets: never written to. */
  readonly spans: ReadonlyMap<number, Uint32Array>
  readonly runs: PageRuns
}

/** Orders below this become bitmaps: a block is less than a word. */
export const RUN_ORDER = 5

/** The pages of a set, counted in pages of `pageShift`, which may be smaller than the set's own. */
export function coverage(set: PageSet, pageShift: PageShift = set.pageShift): Coverage {
  const spans = new Map<number, Uint32Array>()
  const owned = new Set<number>()
  const lists: PageRuns[] = []
  for (const bits of set.orders.values()) {
    const order = bits.order + set.pageShift - pageShift
    if (order >= RUN_ORDER) lists.push(runsOf(bits, order))
    else if (order === 0) addSpans(spans, owned, bits)
    else spreadSpans(spans, owned, bits, order)
  }
  return { pageShift, spans, runs: mergeRuns(lists) }
}

/** The same blocks of a set, counted in smaller pages: orders rise, bitmaps are shared. */
export function reblock(set: PageSet, pageShift: PageShift): PageSet {
  const rise = set.pageShift - pageShift
  if (rise === 0) return set
  const orders = [...set.orders.values()].map((bits): [number, OrderBits] => {
    const order = bits.order + rise
    return [order, { order, spans: bits.spans, owned: new Set(), sorted: bits.sorted }]
  })
  return { pageShift, orders: new Map(orders) }
}

/** The coverage of byte ranges: ascending, disjoint, multiples of the page size. */
export function coverageOfRanges(starts: Float64Array, ends: Float64Array, pageShift: PageShift): Coverage {
  const pageSize = 2 ** pageShift
  const out = createRuns()
  for (let n = 0; n < starts.length; n++) out.add(starts[n]! / pageSize, ends[n]! / pageSize)
  return { pageShift, spans: new Map(), runs: out.finish() }
}

/** Bytes that are covered. */
export function coveredBytes(cover: Coverage): number {
  const count = countingOnce()
  let pages = 0
  for (const words of cover.spans.values()) pages += count(words)
  const { starts, ends } = cover.runs
  for (let n = 0; n < starts.length; n++) pages += ends[n]! - starts[n]!
  return (pages - overlap(cover)) * 2 ** cover.pageShift
}

/** Counts covered bytes between addresses that are multiples of the page size, a word at a time. */
export function bytesCovered(cover: Coverage): (start: number, end: number) => number {
  const size = 2 ** cover.pageShift
  const keys = spanKeys(cover)
  const { starts, ends } = cover.runs
  const whole = countingOnce()
  const bitsIn = (from: number, to: number) => {
    let total = 0
    for (let n = lowerBound(keys, Math.floor(from / SPAN_BITS)); n < keys.length; n++) {
      const base = keys[n]! * SPAN_BITS
      if (base >= to) break
      const words = cover.spans.get(keys[n]!)!
      const isWhole = from <= base && to >= base + SPAN_BITS
      total += isWhole
        ? whole(words)
        : countBetween(words, Math.max(from - base, 0), Math.min(to - base, SPAN_BITS))
    }
    return total
  }
  return (start, end) => {
    const from = start / size
    const to = end / size
    let pages = bitsIn(from, to)
    for (let n = Math.max(0, lastAtOrBelow(starts, from)); n < starts.length && starts[n]! < to; n++) {
      const first = Math.max(starts[n]!, from)
      const last = Math.min(ends[n]!, to)
      if (last > first) pages += last - first - bitsIn(first, last)
    }
    return pages * size
  }
}

/** From the first covered byte to behind the last; null where none is. */
export function coveredExtent(cover: Coverage): Range | null {
  const size = 2 ** cover.pageShift
  const { starts, ends } = cover.runs
  let start = starts[0] ?? Number.POSITIVE_INFINITY
  let end = ends.at(-1) ?? 0
  for (const [span, words] of cover.spans) {
    const base = span * SPAN_BITS
    const outer = base < start || base + SPAN_BITS > end
    if (!outer || isEmpty(words)) continue
    start = Math.min(start, base + nextSet(words, 0))
    end = Math.max(end, base + lastSet(words, SPAN_BITS - 1) + 1)
  }
  return end > start ? { start: start * size, end: end * size } : null
}

/** The covered bytes as ranges, ascending and merged. Made one at a time. */
export function* coveredRanges(cover: Coverage): Generator<Range> {
  const size = 2 ** cover.pageShift
  const { starts, ends } = cover.runs
  const bits = bitRuns(cover)
  let next = bits.next()
  let run = 0
  let open: Range | null = null
  while (run < starts.length || !next.done) {
    const fromBits = !next.done && (run >= starts.length || next.value.start < starts[run]!)
    const piece: Range = fromBits ? (next.value as Range) : { start: starts[run]!, end: ends[run]! }
    if (fromBits) next = bits.next()
    else run++
    if (open !== null && piece.start <= open.end) {
      open.end = Math.max(open.end, piece.end)
      continue
    }
    if (open !== null) yield { start: open.start * size, end: open.end * size }
    open = { start: piece.start, end: piece.end }
  }
  if (open !== null) yield { start: open.start * size, end: open.end * size }
}

/** Calls `visit` for each stretch of `[start, end)` (bytes) that is covered, ascending. */
export function forEachCovered(
  cover: Coverage,
  start: number,
  end: number,
  visit: (start: number, end: number) => void,
): void {
  const size = 2 ** cover.pageShift
  const first = Math.floor(start / size)
  const last = Math.ceil(end / size)
  let at = first
  while (at < last) {
    const to = Math.min(coveredUntil(cover, at), last)
    if (to > at) visit(Math.max(at * size, start), Math.min(to * size, end))
    at = to > at ? to : Math.max(at + 1, nextCovered(cover, at))
  }
}

/** End of the covered stretch that begins at a page; the page itself where it is not covered. */
function coveredUntil(cover: Coverage, page: number): number {
  const { starts, ends } = cover.runs
  let at = page
  for (;;) {
    const run = lastAtOrBelow(starts, at)
    if (run >= 0 && ends[run]! > at) at = ends[run]!
    const span = Math.floor(at / SPAN_BITS)
    const words = cover.spans.get(span)
    const bit = at - span * SPAN_BITS
    const to = words === undefined ? bit : isFullSpan(words) ? SPAN_BITS : nextClear(words, bit)
    if (to === bit) return at
    at = span * SPAN_BITS + to
  }
}

/** First covered page at or after one that is not; infinity where there is none. */
function nextCovered(cover: Coverage, page: number): number {
  const { starts } = cover.runs
  const run = starts[lastAtOrBelow(starts, page) + 1] ?? Number.POSITIVE_INFINITY
  const keys = spanKeys(cover)
  for (let n = lowerBound(keys, Math.floor(page / SPAN_BITS)); n < keys.length; n++) {
    const base = keys[n]! * SPAN_BITS
    if (base >= run) break
    const bit = nextSet(cover.spans.get(keys[n]!)!, Math.max(page - base, 0))
    if (bit < SPAN_BITS) return Math.min(base + bit, run)
  }
  return run
}

const keysCache = new WeakMap<Coverage, Float64Array>()

/** Span indexes of the bitmaps, ascending. */
export function spanKeys(cover: Coverage): Float64Array {
  let keys = keysCache.get(cover)
  if (keys === undefined) {
    keys = Float64Array.from(cover.spans.keys()).sort()
    keysCache.set(cover, keys)
  }
  return keys
}

function* bitRuns(cover: Coverage): Generator<Range> {
  for (const span of spanKeys(cover)) {
    const words = cover.spans.get(span)!
    const base = span * SPAN_BITS
    for (let from = nextSet(words, 0); from < SPAN_BITS; ) {
      const to = isFullSpan(words) ? SPAN_BITS : nextClear(words, from)
      yield { start: base + from, end: base + to }
      from = nextSet(words, to)
    }
  }
}

/** Pages that are in a bitmap and in a run. */
function overlap({ spans, runs }: Coverage): number {
  if (runs.starts.length === 0) return 0
  let pages = 0
  for (const [span, words] of spans) {
    const left = clearRuns(words, words, span, runs)
    if (left !== words) pages += countBits(words) - countBits(left)
  }
  return pages
}

function addSpans(spans: Map<number, Uint32Array>, owned: Set<number>, bits: OrderBits): void {
  for (const [span, words] of bits.spans) putWords(spans, owned, span, words)
}

/** Each bit of an order becomes 2^order bits, by a table that spreads as many bits as make a word. */
function spreadSpans(
  spans: Map<number, Uint32Array>,
  owned: Set<number>,
  bits: OrderBits,
  order: number,
): void {
  const factor = 2 ** order
  const width = 32 / factor
  const table = spreadTable(width, factor)
  const mask = 2 ** width - 1
  const spread = (words: Uint32Array, part: number) => {
    const source = words.subarray((part * SPAN_WORDS) / factor, ((part + 1) * SPAN_WORDS) / factor)
    if (isEmpty(source)) return null
    const wide = new Uint32Array(SPAN_WORDS)
    for (let i = 0; i < SPAN_WORDS; i++) {
      wide[i] = table[(source[Math.floor(i / factor)]! >>> ((i % factor) * width)) & mask]!
    }
    return wide
  }
  const partsOf = madeOnce(words => Array.from({ length: factor }, (_, part) => spread(words, part)))
  for (const [span, words] of bits.spans) {
    partsOf(words).forEach((wide, part) => {
      if (wide !== null) putWords(spans, owned, span * factor + part, wide)
    })
  }
}

function spreadTable(width: number, factor: number): Uint32Array {
  const table = new Uint32Array(2 ** width)
  for (let value = 0; value < table.length; value++) {
    let wide = 0
    for (let bit = 0; bit < width; bit++) {
      if ((value >>> bit) & 1) wide |= (2 ** factor - 1) << (bit * factor)
    }
    table[value] = wide
  }
  return table
}

function putWords(
  spans: Map<number, Uint32Array>,
  owned: Set<number>,
  span: number,
  words: Uint32Array,
): void {
  const old = spans.get(span)
  if (old === undefined) {
    spans.set(span, words)
    return
  }
  const target = owned.has(span) ? old : old.slice()
  for (let i = 0; i < SPAN_WORDS; i++) target[i] = target[i]! | words[i]!
  spans.set(span, target)
  owned.add(span)
}

function runsOf(bits: OrderBits, order: number): PageRuns {
  const out = createRuns()
  const size = 2 ** order
  forEachRun(bits, (first, end) => out.add(first * size, end * size))
  return out.finish()
}
