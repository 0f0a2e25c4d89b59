import { lowerBound } from '../memory/sorted.js'
import { type Coverage, coveredRanges, RUN_ORDER, spanKeys } from './coverage.js'
import { clearRuns, createRuns, type PageRuns, subtractRuns } from './page-runs.js'
import { type PageSet, SPAN_BITS, SPAN_WORDS, sortedSpans } from './page-set.js'
import { countRuns } from './runs.js'
import { fillBits, isEmpty, sameWords, type WordComparison, without } from './words.js'

/** Pages of `a` that `b` lacks. Bitmaps that are the same words are not looked into; both count in the same pages. */
export function uncovered(a: Coverage, b: Coverage, same: WordComparison = sameWords): Coverage {
  const spans = new Map<number, Uint32Array>()
  for (const [span, words] of a.spans) {
    const other = b.spans.get(span)
    if (other !== undefined && same(words, other)) continue
    const rest = other === undefined ? words : without(words, other)
    if (rest === null) continue
    const left = clearRuns(rest, words, span, b.runs)
    if (!isEmpty(left)) spans.set(span, left)
  }
  const rest = subtractRuns(a.runs, b.runs)
  return { pageShift: a.pageShift, spans, runs: clearSpans(rest, b, spans) }
}

/** Pages that both cover. */
export function covered(a: Coverage, b: Coverage): Coverage {
  return uncovered(a, uncovered(a, b))
}

/** True when no page is covered. */
export function isUncovered({ spans, runs }: Coverage): boolean {
  if (runs.starts.length > 0) return false
  for (const words of spans.values()) if (!isEmpty(words)) return false
  return true
}

/** What is left of runs without the bitmaps of `b`. Where there is a bitmap, the rest becomes one, in `spans`. */
function clearSpans(rest: PageRuns, b: Coverage, spans: Map<number, Uint32Array>): PageRuns {
  if (rest.starts.length === 0 || b.spans.size === 0) return rest
  const keys = spanKeys(b)
  const fresh = new Map<number, Uint32Array>()
  const out = createRuns()
  for (let n = 0; n < rest.starts.length; n++) {
    let at = rest.starts[n]!
    const end = rest.ends[n]!
    for (let k = lowerBound(keys, Math.floor(at / SPAN_BITS)); k < keys.length && at < end; k++) {
      const base = keys[k]! * SPAN_BITS
      if (base >= end) break
      out.add(at, Math.max(at, base))
      at = Math.max(at, base)
      const words = fresh.get(keys[k]!) ?? new Uint32Array(SPAN_WORDS)
      fresh.set(keys[k]!, words)
      fillBits(words, at - base, Math.min(end - base, SPAN_BITS))
      at = Math.min(end, base + SPAN_BITS)
    }
    out.add(at, end)
  }
  for (const [span, words] of fresh) {
    const left = without(words, b.spans.get(span)!)
    if (left === null) continue
    const own = spans.get(span)
    for (let i = 0; own !== undefined && i < SPAN_WORDS; i++) left[i] = left[i]! | own[i]!
    spans.set(span, left)
  }
  return out.finish()
}

/** How many ranges there are: of a bitmap that very many spans share, none is made. */
export function countCovered(cover: Coverage): number {
  if (cover.runs.starts.length === 0) return countRuns(cover.spans, spanKeys(cover))
  let total = 0
  for (const _ of coveredRanges(cover)) total++
  return total
}

/** Runs take 16 bytes each, and more while they are put together. */
const MOST_RUNS = 2 ** 24

/**
 * True for a set whose large blocks make more runs than memory is given to, because a few bitmaps stand for very many spans. No kernel
 * writes that: each of its bitmaps is a page of its own, so that an image has as many runs as it has room for.
 */
export function isTooFine(set: PageSet): boolean {
  const large = [...set.orders.values()].filter(({ order }) => order >= RUN_ORDER)
  const runs = large.reduce((sum, bits) => sum + countRuns(bits.spans, sortedSpans(bits)), 0)
  if (runs <= MOST_RUNS) return false
  const places = new Map<ArrayBufferLike, Set<number>>()
  let own = 0
  for (const { spans } of large) {
    for (const words of spans.values()) {
      const known = places.get(words.buffer) ?? new Set()
      places.set(words.buffer, known)
      if (known.has(words.byteOffset)) continue
      known.add(words.byteOffset)
      own += countRuns(new Map([[0, words]]), [0])
    }
  }
  return runs > 4 * own
}
