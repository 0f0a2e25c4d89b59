import { lastAtOrBelow } from '../memory/sorted.js'
import { SPAN_BITS, SPAN_WORDS } from './page-set.js'
import { fillBits } from './words.js'

/** Half-open runs of page numbers: ascending, disjoint, no two of them touch. */
export interface PageRuns {
  readonly starts: Float64Array
  readonly ends: Float64Array
}

/** No runs. */
const NO_RUNS: PageRuns = { starts: new Float64Array(0), ends: new Float64Array(0) }

/** Runs of `a` without those of `b`. */
export function subtractRuns(a: PageRuns, b: PageRuns): PageRuns {
  if (b.starts.length === 0) return a
  const out = createRuns()
  let m = 0
  for (let n = 0; n < a.starts.length; n++) {
    let at = a.starts[n]!
    const end = a.ends[n]!
    while (m < b.starts.length && b.ends[m]! <= at) m++
    for (let k = m; k < b.starts.length && b.starts[k]! < end; k++) {
      out.add(at, Math.max(at, b.starts[k]!))
      at = Math.max(at, b.ends[k]!)
    }
    out.add(at, Math.max(at, end))
  }
  return out.finish()
}

/** Runs that are in any of the lists. */
export function mergeRuns(lists: readonly PageRuns[]): PageRuns {
  if (lists.length === 0) return NO_RUNS
  if (lists.length === 1) return lists[0]!
  const at = lists.map(() => 0)
  const out = createRuns()
  for (;;) {
    let best = -1
    for (let n = 0; n < lists.length; n++) {
      const start = lists[n]!.starts[at[n]!]
      if (start === undefined) continue
      if (best < 0 || start < lists[best]!.starts[at[best]!]!) best = n
    }
    if (best < 0) return out.finish()
    const list = lists[best]!
    const n = at[best]!
    at[best] = n + 1
    out.add(list.starts[n]!, list.ends[n]!)
  }
}

/** Takes runs out of a bitmap; copies it first where it is still `shared`. */
export function clearRuns(
  words: Uint32Array,
  shared: Uint32Array,
  span: number,
  runs: PageRuns,
): Uint32Array {
  const base = span * SPAN_BITS
  let left = words
  let mask: Uint32Array | null = null
  for (let n = Math.max(0, lastAtOrBelow(runs.starts, base)); n < runs.starts.length; n++) {
    if (runs.starts[n]! >= base + SPAN_BITS) break
    if (runs.ends[n]! <= base) continue
    mask ??= new Uint32Array(SPAN_WORDS)
    fillBits(mask, Math.max(runs.starts[n]! - base, 0), Math.min(runs.ends[n]! - base, SPAN_BITS))
  }
  if (mask === null) return left
  if (left === shared) left = words.slice()
  for (let i = 0; i < SPAN_WORDS; i++) left[i] = left[i]! & ~mask[i]!
  return left
}

/** Gathers runs that come with ascending starts; merges those that touch or overlap, drops empty ones. */
export function createRuns() {
  let starts = new Float64Array(16)
  let ends = new Float64Array(16)
  let count = 0
  return {
    add(start: number, end: number): void {
      if (end <= start) return
      if (count > 0 && start <= ends[count - 1]!) {
        ends[count - 1] = Math.max(ends[count - 1]!, end)
        return
      }
      if (count === starts.length) {
        starts = grown(starts)
        ends = grown(ends)
      }
      starts[count] = start
      ends[count++] = end
    },
    finish: (): PageRuns => ({ starts: starts.slice(0, count), ends: ends.slice(0, count) }),
  }
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2)
  larger.set(values)
  return larger
}
