import type { Absence } from './fault.js'

/** Half-open range of physical addresses in bytes. */
export interface Range {
  start: number
  end: number
}

/** Bytes that the dump has. */
export interface Present {
  ok: true
  /** A view where the container allows it, valid until the memory is closed. Never to be written to. */
  bytes: Uint8Array
  /** Offset in the dump file, or null where the bytes have no one place there (compressed, assembled). */
  offset: number | null
}

/** Bytes that the dump does not have, and why. */
export interface Absent {
  ok: false
  reason: Absence
  /** The first address of the request that is not there. */
  address: number
}

/** A piece of present memory, as met in a sequential pass over the dump. */
export interface Block {
  /** Physical address of the first byte. */
  phys: number
  bytes: Uint8Array
  offset: number | null
}

/** A dump seen as physical memory. */
export interface PhysicalMemory {
  /** RAM that the dump knows of, sorted, disjoint, merged; pages in it may still be absent. */
  readonly ranges: readonly Range[]
  /** Size in bytes of what was opened (bounds every loop over it). */
  readonly inputSize: number
  /** All of `[phys, phys + length)`, or the reason why not. */
  read(phys: number, length: number): Present | Absent
  /**
   * Every present byte once, in the order that reads the file fastest. Blocks begin at multiples of 4 KiB of
   * physical address where the container's pieces do. A block's bytes are valid only until the next one.
   * `from` resumes nothing: callers stop by leaving the loop.
   */
  blocks(): Iterable<Block>
  /** Bytes that `blocks()` gives, where that is not about `inputSize`: for who shows how far a pass has come. */
  readonly presentBytes?: number
  /**
   * The first bytes (64) of every present page of 4 KiB, valid during the call, where they cost less than all of the
   * page: for who looks for what begins with a page. Else there is only `blocks()`.
   */
  pageHeads?(visit: (phys: number, head: Uint8Array) => void): void
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
