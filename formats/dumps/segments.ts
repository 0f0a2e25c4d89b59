import { mergeRanges, type Range } from '../memory/range.js'

/** Physical addresses whose bytes lie one after the other in a file. */
export interface Segment extends Range {
  /** File offset of the byte at `start`. */
  offset: number
}

/**
 * Makes segments disjoint and sorted by address: where several have an address, the one that comes first in the
 * list has it. Neighbours that continue each other in the file become one. O(n log n).
 */
export function disjointSegments(segments: readonly Segment[]): Segment[] {
  const sorted = segments
    .map((segment, rank) => ({ segment, rank }))
    .filter(entry => entry.segment.end > entry.segment.start)
    .sort((a, b) => a.segment.start - b.segment.start || a.rank - b.rank)
  const overlapping = sorted.some((entry, i) => i > 0 && entry.segment.start < sorted[i - 1]!.segment.end)
  return joinSegments(overlapping ? sweep(sorted) : sorted.map(entry => entry.segment))
}

interface Ranked {
  segment: Segment
  rank: number
}

/** Cuts overlapping segments at every start and end; each piece goes to the lowest rank that covers it. */
function sweep(sorted: readonly Ranked[]): Segment[] {
  const cuts = new Float64Array(sorted.length * 2)
  sorted.forEach(({ segment }, i) => {
    cuts[2 * i] = segment.start
    cuts[2 * i + 1] = segment.end
  })
  cuts.sort()
  const pieces: Segment[] = []
  const active: Ranked[] = []
  let next = 0
  for (let i = 0; i + 1 < cuts.length; i++) {
    const start = cuts[i] as number
    const end = cuts[i + 1] as number
    if (start === end) continue
    while (next < sorted.length && sorted[next]!.segment.start <= start) heapPush(active, sorted[next++]!)
    while (active.length > 0 && active[0]!.segment.end <= start) heapPop(active)
    const owner = active[0]?.segment
    if (owner !== undefined) pieces.push({ start, end, offset: owner.offset + (start - owner.start) })
  }
  return pieces
}

function heapPush(heap: Ranked[], entry: Ranked): void {
  let at = heap.length
  while (at > 0) {
    const parent = (at - 1) >>> 1
    if (heap[parent]!.rank <= entry.rank) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = entry
}

function heapPop(heap: Ranked[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && heap[child + 1]!.rank < heap[child]!.rank) child++
    if (heap[child]!.rank >= last.rank) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
}

function joinSegments(sorted: readonly Segment[]): Segment[] {
  const joined: Segment[] = []
  for (const { start, end, offset } of sorted) {
    const last = joined[joined.length - 1]
    if (last !== undefined && last.end === start && last.offset + (last.end - last.start) === offset) {
      last.end = end
    } else {
      joined.push({ start, end, offset })
    }
  }
  return joined
}

/** Splits segments at the end of the file: what the file has, and the addresses whose bytes were cut off. */
export function clipSegments(
  segments: readonly Segment[],
  fileSize: number,
): { present: Segment[]; truncated: Range[] } {
  const present: Segment[] = []
  const truncated: Range[] = []
  for (const { start, end, offset } of segments) {
    const length = Math.max(0, Math.min(end - start, fileSize - offset))
    if (length > 0) present.push({ start, end: start + length, offset })
    if (start + length < end) truncated.push({ start: start + length, end })
  }
  return { present, truncated: mergeRanges(truncated) }
}
