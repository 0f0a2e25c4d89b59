import { bitCoverage, bitPieces, slotCoverage, tablePieces } from '../shared/describe.js'
import type { NodeCoverage, NodePiece, TrackerNode, TrackerReading } from '../tracker.js'
import { tableReach, tableSlots } from './shape.js'

/** A leaf is bits, a table slots. */
export function tableNodePieces(reading: TrackerReading, node: TrackerNode): NodePiece[] {
  return node.kind === 'leaf' ? bitPieces(reading, node) : tablePieces(node)
}

/** What a node of some order's tree reaches. */
export function tableCoverage(reading: TrackerReading, node: TrackerNode): NodeCoverage | null {
  if (node.kind === 'leaf') return bitCoverage(reading, node)
  const { geometry } = reading.options
  const level = (node.level ?? 0) + 1
  const order = node.order ?? 0
  const slots = tableSlots(geometry, level, order)
  const span = (tableReach(geometry, level) / geometry.tableEntries) * slots * 2 ** order
  return slotCoverage(reading, node, span, slots)
}
