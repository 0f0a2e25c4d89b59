import { mergeRanges, type Range } from '../../formats/memory/physical-memory.js'

/** What is left of `ranges` without `taken`. Sorted, disjoint. */
export function withoutRanges(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  const left: Range[] = []
  const closed = mergeRanges(taken)
  let next = 0
  for (const { start, end } of mergeRanges(ranges)) {
    let at = start
    while (next > 0 && closed[next - 1]!.end > start) next--
    for (; next < closed.length && closed[next]!.start < end; next++) {
      const { start: from, end: to } = closed[next]!
      if (to <= at) continue
      if (from > at) left.push({ start: at, end: from })
      at = Math.max(at, to)
    }
    if (at < end) left.push({ start: at, end })
  }
  return left
}

/** The parts that two lists have in common. Sorted, disjoint. */
export function commonRanges(a: readonly Range[], b: readonly Range[]): Range[] {
  const whole = [{ start: 0, end: Number.MAX_SAFE_INTEGER }]
  return withoutRanges(a, withoutRanges(whole, b))
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
