import { intersectRanges, mergeRanges, type Range, subtractRanges } from '../../formats/memory/range.js'

/** What is left of `ranges` without `taken`, in whatever order they are. Sorted, disjoint. */
export function withoutRanges(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  return subtractRanges(mergeRanges(ranges), mergeRanges(taken))
}

/** The parts that two lists have in common, in whatever order they are. Sorted, disjoint. */
export function commonRanges(a: readonly Range[], b: readonly Range[]): Range[] {
  return intersectRanges(mergeRanges(a), mergeRanges(b))
}

/** The highest aligned place for `size` bytes, or null. */
export function fitHigh(free: readonly Range[], size: number, align: number): number | null {
  for (let n = free.length - 1; n >= 0; n--) {
    const { start, end } = free[n]!
    const address = Math.floor((end - size) / align) * align
    if (address >= start) return address
  }
  return null
}

/** The lowest aligned place for `size` bytes, or null. */
export function fitLow(free: readonly Range[], size: number, align: number): number | null {
  for (const { start, end } of free) {
    const address = Math.ceil(start / align) * align
    if (address + size <= end) return address
  }
  return null
}
