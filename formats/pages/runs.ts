import type { Range } from '../memory/range.js'
import {
  blockSize,
  isFullSpan,
  type OrderBits,
  orders,
  type PageSet,
  SPAN_BITS,
  sortedSpans,
  totals,
} from './page-set.js'
import { isSameMemory, nextClear, nextSet, popcount } from './words.js'

/**
 * A position in the runs of consecutive blocks of one order, ascending. `start` and `end` are addresses in bytes;
 * a cursor that has run out has `done` set.
 */
export interface RunCursor {
  readonly order: number
  readonly size: number
  start: number
  end: number
  done: boolean
}

interface Position extends RunCursor {
  readonly bits: OrderBits
  readonly spans: number[]
  index: number
  /** The bitmap at `index`, the block number of its bit 0, and the bit to go on from. */
  words: Uint32Array
  base: number
  bit: number
}

const NO_WORDS = new Uint32Array(0)

/** A cursor at the first run of an order. */
export function firstRun(set: PageSet, order: number): RunCursor {
  const bits = set.orders.get(order) ?? { order, spans: new Map(), owned: new Set(), sorted: [] }
  const position: Position = {
    order,
    size: blockSize(set, order),
    start: 0,
    end: 0,
    done: false,
    bits,
    spans: sortedSpans(bits),
    index: -1,
    words: NO_WORDS,
    base: 0,
    bit: 0,
  }
  nextRun(position)
  return position
}

/** Goes on to the next bitmap; false after the last. */
function nextSpan(at: Position): boolean {
  at.index++
  if (at.index >= at.spans.length) return false
  const span = at.spans[at.index]!
  at.words = at.bits.spans.get(span)!
  at.base = span * SPAN_BITS
  at.bit = 0
  return true
}

/** Moves a cursor to the next run. Runs go on across bitmaps, so two runs never touch. */
export function nextRun(cursor: RunCursor): void {
  const at = cursor as Position
  let from = nextSet(at.words, at.bit)
  while (from >= at.words.length * 32) {
    if (!nextSpan(at)) {
      at.done = true
      return
    }
    from = nextSet(at.words, 0)
  }
  at.start = (at.base + from) * at.size
  let to = isFullSpan(at.words) ? SPAN_BITS : nextClear(at.words, from)
  let end = at.base + to
  while (to === SPAN_BITS) {
    // The run may go on in the next bitmap, where that follows on this one.
    if (!nextSpan(at) || at.base !== end) {
      to = 0
      break
    }
    to = isFullSpan(at.words) ? SPAN_BITS : nextClear(at.words, 0)
    end = at.base + to
  }
  if (at.index >= at.spans.length) at.words = NO_WORDS
  at.bit = to
  at.end = end * at.size
}

/**
 * Calls `visit` for every run of one order, as block numbers, word by word: several times as fast as moving a cursor
 * where runs are short. Return false to stop.
 */
export function forEachRun(bits: OrderBits, visit: (first: number, end: number) => unknown): void {
  let open = -1
  let expected = -1
  for (const span of sortedSpans(bits)) {
    const words = bits.spans.get(span)!
    const base = span * SPAN_BITS
    if (open >= 0 && base !== expected) {
      if (visit(open, expected) === false) return
      open = -1
    }
    expected = base + SPAN_BITS
    if (isFullSpan(words)) {
      if (open < 0) open = base
      continue
    }
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!
      if (open >= 0 ? word === 0xffffffff : word === 0) continue
      let at = 0
      while (at < 32) {
        const rest = (open >= 0 ? ~word : word) >>> at
        if (rest === 0) break
        at += 31 - Math.clz32(rest & -rest)
        if (open < 0) {
          open = base + i * 32 + at
        } else {
          if (visit(open, base + i * 32 + at) === false) return
          open = -1
        }
      }
    }
  }
  if (open >= 0) visit(open, expected)
}

function cursors(set: PageSet): RunCursor[] {
  return orders(set)
    .map(order => firstRun(set, order))
    .filter(cursor => !cursor.done)
}

/** Index of the cursor that comes first: lowest address, then lowest order (cursors are kept in order of order). */
function lowest(active: readonly RunCursor[]): number {
  let best = 0
  for (let i = 1; i < active.length; i++) {
    if (active[i]!.start < active[best]!.start) best = i
  }
  return best
}

/** Calls `visit` for every block, sorted by address, then order. Return false to stop. */
export function forEachBlock(set: PageSet, visit: (address: number, order: number) => unknown): void {
  const active = cursors(set)
  while (active.length > 0) {
    const best = lowest(active)
    const cursor = active[best]!
    const limit = nextStart(active, best)
    const { order, size, end } = cursor
    let address = cursor.start
    // A lower order at the same address comes first, a higher one after.
    do {
      if (visit(address, order) === false) return
      address += size
    } while (address < end && address < limit)
    cursor.start = address
    if (address >= end) {
      nextRun(cursor)
      if (cursor.done) active.splice(best, 1)
    }
  }
}

function nextStart(active: readonly RunCursor[], except: number): number {
  let start = Number.POSITIVE_INFINITY
  for (let i = 0; i < active.length; i++) {
    if (i !== except && active[i]!.start < start) start = active[i]!.start
  }
  return start
}

/** Calls `visit` for every maximal range of preserved bytes, merged over orders, ascending. Return false to stop. */
export function forEachRange(set: PageSet, visit: (start: number, end: number) => unknown): void {
  if (set.orders.size === 1) {
    const [bits] = [...set.orders.values()] as [OrderBits]
    const size = blockSize(set, bits.order)
    forEachRun(bits, (first, end) => visit(first * size, end * size))
    return
  }
  const active = cursors(set)
  let start = -1
  let end = -1
  while (active.length > 0) {
    const best = lowest(active)
    const cursor = active[best]!
    if (cursor.start > end) {
      if (end >= 0 && visit(start, end) === false) return
      start = cursor.start
    }
    if (cursor.end > end) end = cursor.end
    nextRun(cursor)
    if (cursor.done) active.splice(best, 1)
  }
  if (end >= 0) visit(start, end)
}

/** How many merged ranges a set has, and their bytes; of one order word by word, without a look at each. */
export function countRanges(set: PageSet): { ranges: number; bytes: number } {
  if (set.orders.size === 1) {
    const [bits] = [...set.orders.values()] as [OrderBits]
    return { ranges: countRuns(bits.spans, sortedSpans(bits)), bytes: totals(set).bytes }
  }
  const counts = { ranges: 0, bytes: 0 }
  forEachRange(set, (start, end) => {
    counts.ranges++
    counts.bytes += end - start
  })
  return counts
}

/** Bits that are set behind one that is not, of bitmaps by span, in the order of `keys`. */
export function countRuns(spans: ReadonlyMap<number, Uint32Array>, keys: Iterable<number>): number {
  let count = 0
  let before = 0
  let expected = -1
  // Spans that are one bitmap in memory, as long runs are, are counted once.
  let counted: { words: Uint32Array; before: number; runs: number } | undefined
  for (const span of keys) {
    if (span !== expected) before = 0
    expected = span + 1
    const words = spans.get(span)!
    if (counted === undefined || !isSameMemory(counted.words, words) || counted.before !== before) {
      counted = { words, before, runs: runsIn(words, before) }
    }
    count += counted.runs
    before = words.at(-1)! >>> 31
  }
  return count
}

/** Bits that are set behind one that is not; `before` is the bit before the first. */
function runsIn(words: Uint32Array, before: number): number {
  let runs = 0
  let last = before
  for (const word of words) {
    runs += popcount(word & ~((word << 1) | last))
    last = word >>> 31
  }
  return runs
}

/** The merged ranges of a set as a list: for sets known to be small, and tests. */
export function listRanges(set: PageSet): Range[] {
  const ranges: Range[] = []
  forEachRange(set, (start, end) => {
    ranges.push({ start, end })
  })
  return ranges
}

/** The blocks of a set as a list: for sets known to be small, and tests. */
export function listBlocks(set: PageSet): { address: number; order: number }[] {
  const blocks: { address: number; order: number }[] = []
  forEachBlock(set, (address, order) => {
    blocks.push({ address, order })
  })
  return blocks
}
