import { rangeSize } from '../../formats/memory/range.js'
import { type TrackerFormat, trackerOf } from '../../formats/trackers/index.js'
import type { TrackerNode, TrackerReading } from '../../formats/trackers/tracker.js'

/** What a tracker's pages or objects of one kind stand for. */
export interface Unit {
  kind: TrackerNode['kind']
  /** 0 for what holds bits, 1 for a table of those, and so on. */
  level: number
  /** Its own size. */
  bytes: number
  /** Bytes of memory that it covers where blocks are pages; with blocks of order n it is 2^n times as much. */
  covers: number
}

/** One of each kind and level that covers a stretch of memory whose size is always the same. */
export function unitsOf(reading: TrackerReading, format: TrackerFormat): Unit[] {
  const units = new Map<number, Unit>()
  for (const node of reading.decode.nodes) {
    const level = node.kind === 'bitmap' ? 0 : node.level
    if (level === null || units.has(level)) continue
    const coverage = trackerOf(format).coverage(reading, node)
    if (coverage === null || coverage.range === null || coverage.order === null) continue
    const covers = rangeSize(coverage.range) / 2 ** coverage.order
    units.set(level, { kind: node.kind, level, bytes: node.size, covers })
  }
  return [...units.values()].sort((a, b) => a.level - b.level)
}
