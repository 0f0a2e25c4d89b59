import { RANGES_CHUNK, RANGES_RANGE } from '../../layout/chunk-list.js'
import { u64, viewOf } from '../../memory/u64.js'
import type { NodeCoverage, NodePiece, TrackerNode, TrackerReading } from '../tracker.js'
import { RANGE_COUNT, RANGE_ENTRY, RANGE_HEADER, RANGE_SIZE, RANGE_START, rangeCapacity } from './shape.js'

/** A chunk's bytes, and how many of its ranges count; null where the dump lacks it. */
export function countedRanges(
  { memory, options }: TrackerReading,
  node: TrackerNode,
): { bytes: Uint8Array; count: number } | null {
  const read = memory.read(node.address, node.size)
  if (!read.ok) return null
  const count = Math.min(u64(viewOf(read.bytes), RANGE_COUNT), rangeCapacity(options.geometry))
  return { bytes: read.bytes, count }
}

/** A header, and as many ranges as it counts. */
export function rangePieces(reading: TrackerReading, node: TrackerNode): NodePiece[] {
  const chunk = countedRanges(reading, node)
  if (chunk === null) return []
  const { address } = node
  return [
    { kind: 'struct', address, struct: RANGES_CHUNK },
    { kind: 'records', address: address + RANGE_HEADER, struct: RANGES_RANGE, count: chunk.count },
  ]
}

/** The stretch from the first range's start to the last one's end. */
export function rangeCoverage(reading: TrackerReading, node: TrackerNode): NodeCoverage | null {
  const chunk = countedRanges(reading, node)
  if (chunk === null) return null
  const view = viewOf(chunk.bytes)
  let start = Number.POSITIVE_INFINITY
  let end = 0
  for (let n = 0; n < chunk.count; n++) {
    const at = RANGE_HEADER + n * RANGE_ENTRY
    const first = u64(view, at + RANGE_START)
    start = Math.min(start, first)
    end = Math.max(end, first + u64(view, at + RANGE_SIZE))
  }
  const of = rangeCapacity(reading.options.geometry)
  return { order: null, range: end > start ? { start, end } : null, unit: 'entries', used: chunk.count, of }
}
