import { trackerOf } from '../../formats/trackers/index.js'
import type { NodePiece, TrackerNode, TrackerStep } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'

/** From the root of the tracker down to the bit of a preserved block. Empty where that cannot be followed. */
export function traceBlock(state: KhoState, address: number, order: number): TrackerStep[] {
  const { format, reading } = state.tracker
  return format === null || reading === null ? [] : trackerOf(format).trace(reading, address, order)
}

/** What the bytes of one of the tracker's pages or objects are. */
export function nodePieces(state: KhoState, node: TrackerNode): NodePiece[] {
  const { format, reading } = state.tracker
  return format === null || reading === null ? [] : trackerOf(format).pieces(reading, node)
}
