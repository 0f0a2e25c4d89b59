import { RANGES_CHUNK, RANGES_RANGE } from '../../layout/chunk-list.js'
import { offsetOf } from '../../layout/struct.js'
import type { Geometry } from '../../memory/geometry.js'

/*
 * The counter-proposal of 4 April 2025: a list of chunks { next, num_ranges } with { start, size, data } entries.
 * The writer as posted puts one range in each chunk.
 */
export const RANGE_HEADER = RANGES_CHUNK.size
export const RANGE_ENTRY = RANGES_RANGE.size
export const RANGE_NEXT = offsetOf(RANGES_CHUNK, 'next')
export const RANGE_COUNT = offsetOf(RANGES_CHUNK, 'numRanges')
export const RANGE_START = offsetOf(RANGES_RANGE, 'start')
export const RANGE_SIZE = offsetOf(RANGES_RANGE, 'size')

/** Ranges that a chunk has room for: 170 with pages of 4K. */
export function rangeCapacity(geometry: Geometry): number {
  return Math.floor((geometry.pageSize - RANGE_HEADER) / RANGE_ENTRY)
}
