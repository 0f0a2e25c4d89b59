import { mergeRanges, type Range } from '../../formats/memory/physical-memory.js'

/** What two sorted, disjoint lists have in common. */
export function intersectRanges(a: readonly Range[], b: readonly Range[]): Range[] {
  const common: Range[] = []
  let j = 0
  for (const { start, end } of a) {
    while (j < b.length && b[j]!.end <= start) j++
    for (let k = j; k < b.length && b[k]!.start < end; k++) {
      common.push({ start: Math.max(start, b[k]!.start), end: Math.min(end, b[k]!.end) })
    }
  }
  return common
}

/** What of a sorted, disjoint list another one does not have. */
export function subtractRanges(from: readonly Range[], what: readonly Range[]): Range[] {
  const rest: Range[] = []
  let j = 0
  for (const { start, end } of from) {
    let at = start
    while (j < what.length && what[j]!.end <= start) j++
    for (let k = j; k < what.length && what[k]!.start < end; k++) {
      if (what[k]!.start > at) rest.push({ start: at, end: what[k]!.start })
      at = Math.max(at, what[k]!.end)
    }
    if (at < end) rest.push({ start: at, end })
  }
  return rest
}

/** Bytes in a disjoint list. */
export function sizeOfRanges(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + (end - start), 0)
}

/** Ranges grown to whole units, merged. */
export function roundRanges(ranges: readonly Range[], unit: number): Range[] {
  return mergeRanges(
    ranges.map(({ start, end }) => ({
      start: start - (start % unit),
      end: Math.ceil(end / unit) * unit,
    })),
  )
}

/** A list that takes ranges in any order, and stays short where they repeat. */
export interface RangeLog {
  add(start: number, end: number): void
  /** Sorted, disjoint, merged. */
  list(): Range[]
}

/** An empty log. */
export function createRangeLog(): RangeLog {
  let ranges: Range[] = []
  let limit = 2 ** 16
  return {
    add(start, end) {
      if (end <= start) return
      const last = ranges.at(-1)
      if (last !== undefined && start >= last.start && start <= last.end) {
        last.end = Math.max(last.end, end)
        return
      }
      ranges.push({ start, end })
      if (ranges.length < limit) return
      ranges = mergeRanges(ranges)
      limit = Math.max(limit, ranges.length * 2)
    },
    list() {
      ranges = mergeRanges(ranges)
      return ranges.slice()
    },
  }
}
