import { sortedOrder } from './sort-keys.js'

/** What claims take of memory, in whole pages. */
export interface Footprints {
  ids: Uint32Array
  starts: Float64Array
  ends: Float64Array
}

/**
 * Pieces of memory, ascending and disjoint, in each of which the same claims hold. At rest 24 bytes a piece.
 */
export interface OwnedSegments {
  readonly count: number
  /** Physical addresses, multiples of the page size. */
  readonly starts: Float64Array
  readonly ends: Float64Array
  /** The first of the claims, in the order of {@link claims}. */
  readonly first: Uint32Array
  /** How many claims there are. */
  readonly claims: Uint32Array
}

/** Smallest unit that starts and ends are multiples of: the smallest page. */
const UNIT = 4096

/**
 * Cuts overlapping extents into disjoint segments, each with the first of its claims and their number. Where no two
 * overlap, which is the rule, there are as many segments as extents. O(n log n), whatever overlaps what.
 */
export function sweepSegments({ ids, starts, ends }: Footprints): OwnedSegments {
  const byStart = sortedOrder(starts.map(start => start / UNIT))
  const byEnd = sortedOrder(ends.map(end => end / UNIT))
  const out = createSegments(ids.length * 2)
  const active = createHeap(ids, ends)
  let begun = 0
  let ended = 0
  let position = 0
  while (ended < byEnd.length) {
    const nextEnd = ends[byEnd[ended] as number] as number
    const nextStart =
      begun < byStart.length ? (starts[byStart[begun] as number] as number) : Number.POSITIVE_INFINITY
    const next = Math.min(nextStart, nextEnd)
    const open = begun - ended
    // Where nothing overlaps, which is the rule, an extent is a segment.
    if (open === 0 && begun < byStart.length) {
      const alone = byStart[begun] as number
      const end = ends[alone] as number
      const after = begun + 1 < byStart.length ? (starts[byStart[begun + 1] as number] as number) : end
      if (end > nextStart && end <= after && end === nextEnd) {
        out.push(nextStart, end, ids[alone] as number, 1)
        position = end
        begun++
        ended++
        continue
      }
    }
    if (open > 0) out.push(position, next, active.lowest(position), open)
    position = next
    while (ended < byEnd.length && (ends[byEnd[ended] as number] as number) === next) ended++
    while (begun < byStart.length && (starts[byStart[begun] as number] as number) === next) {
      active.push(byStart[begun] as number)
      begun++
    }
  }
  return out.finish()
}

function createSegments(most: number) {
  const starts = new Float64Array(most)
  const ends = new Float64Array(most)
  const first = new Uint32Array(most)
  const claims = new Uint32Array(most)
  let count = 0
  return {
    push(start: number, end: number, id: number, number: number): void {
      starts[count] = start
      ends[count] = end
      first[count] = id
      claims[count++] = number
    },
    finish(): OwnedSegments {
      const cut = <T extends Float64Array | Uint32Array>(values: T) => values.slice(0, count) as T
      return { count, starts: cut(starts), ends: cut(ends), first: cut(first), claims: cut(claims) }
    },
  }
}

/** Open extents by the number of their claim. One that has ended is thrown out when it comes to the top. */
function createHeap(ids: Uint32Array, ends: Float64Array) {
  const heap: number[] = []
  const idAt = (n: number) => ids[heap[n] as number] as number
  const swap = (a: number, b: number) => {
    const kept = heap[a] as number
    heap[a] = heap[b] as number
    heap[b] = kept
  }
  const pop = () => {
    const last = heap.pop() as number
    if (heap.length === 0) return
    heap[0] = last
    for (let n = 0; ; ) {
      let child = 2 * n + 1
      if (child >= heap.length) return
      if (child + 1 < heap.length && idAt(child + 1) < idAt(child)) child++
      if (idAt(n) <= idAt(child)) return
      swap(n, child)
      n = child
    }
  }
  return {
    push(index: number): void {
      heap.push(index)
      for (let n = heap.length - 1; n > 0; ) {
        const parent = (n - 1) >>> 1
        if (idAt(parent) <= idAt(n)) return
        swap(n, parent)
        n = parent
      }
    },
    /** Lowest claim number of the extents that reach past `position`. */
    lowest(position: number): number {
      while ((ends[heap[0] as number] as number) <= position) pop()
      return idAt(0)
    },
  }
}
