import { RANGES_RANGE } from '../../layout/chunk-list.js'
import { nodePath } from '../shared/read.js'
import type { TrackerReading, TrackerStep } from '../tracker.js'
import { countedRanges } from './pieces.js'
import { RANGE_ENTRY, RANGE_HEADER } from './shape.js'

/** The chunks up to the one whose range has an address. */
export function traceRangeList(reading: TrackerReading, address: number): TrackerStep[] {
  const steps: TrackerStep[] = []
  for (const node of reading.decode.nodes) {
    const chunk = countedRanges(reading, node)
    if (chunk === null) continue
    for (let slot = 0; slot < chunk.count; slot++) {
      const { start, size } = RANGES_RANGE.read(chunk.bytes, RANGE_HEADER + slot * RANGE_ENTRY)
      if (start !== null && address >= start && address < start + Number(size)) {
        return [...steps, { node: nodePath(node.address), slot, bit: null }]
      }
    }
    steps.push({ node: nodePath(node.address), slot: null, bit: null })
  }
  return []
}
