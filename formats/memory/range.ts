/** Half-open range of physical addresses in bytes. */
export interface Range {
  start: number
  end: number
}

/**
 * A pointer and a size as something says them: a child of the root FDT, a record, an option. No range yet: what they
 * say need not add up to an address.
 */
export interface Place {
  /** Physical address. */
  address: number
  /** Bytes. */
  size: number
}

/** The range of `size` bytes from `start`. */
export function rangeAt(start: number, size: number): Range {
  return { start, end: start + size }
}

/** Bytes in a range. */
export function rangeSize({ start, end }: Range): number {
  return end - start
}

/** Sorts ranges, drops empty ones and merges those that touch or overlap. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter(r => r.end > r.start).sort((a, b) => a.start - b.start)
  const merged: Range[] = []
  for (const range of sorted) {
    const last = merged[merged.length - 1]
    if (last !== undefined && range.start <= last.end) {
      last.end = Math.max(last.end, range.end)
    } else {
      merged.push({ start: range.start, end: range.end })
    }
  }
  return merged
}

/** Index of the last range that starts at or below `address`, or -1. Ranges are sorted and disjoint. */
export function rangeIndex(ranges: readonly Range[], address: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle] as Range).start <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** True when `[start, end)` lies in one of the sorted, merged ranges. */
export function rangesCover(ranges: readonly Range[], start: number, end: number): boolean {
  const index = rangeIndex(ranges, start)
  return index >= 0 && end <= (ranges[index] as Range).end
}

/** True when `[start, end)` shares a byte with one of the sorted, disjoint ranges. */
export function rangesTouch(ranges: readonly Range[], start: number, end: number): boolean {
  if (end <= start) return false
  const index = rangeIndex(ranges, end - 1)
  return index >= 0 && (ranges[index] as Range).end > start
}

/** What two sorted, disjoint lists have in common. */
export function intersectRanges(a: readonly Range[], b: readonly Range[]): Range[] {
  const common: Range[] = []
  let j = Math.max(0, rangeIndex(b, a[0]?.start ?? 0))
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
  let j = Math.max(0, rangeIndex(what, from[0]?.start ?? 0))
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
  return ranges.reduce((sum, range) => sum + rangeSize(range), 0)
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
