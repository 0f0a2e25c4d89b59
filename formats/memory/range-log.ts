import { mergeRanges, type Range } from './range.js'

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
    list: () => mergeRanges(ranges),
  }
}
