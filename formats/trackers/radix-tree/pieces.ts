import { bitCoverage, bitPieces, blockBytes, slotCoverage, tablePieces } from '../shared/describe.js'
import type { NodeCoverage, NodePiece, TrackerNode, TrackerReading } from '../tracker.js'
import { levelShift, radixShape, rootSlots } from './shape.js'

/** A leaf is bits, a table slots. */
export function radixPieces(reading: TrackerReading, node: TrackerNode): NodePiece[] {
  return node.kind === 'leaf' ? bitPieces(reading, node) : tablePieces(node)
}

/** Which memory a node's keys stand for: one stretch as soon as the order bit lies above the node's own index. */
export function radixCoverage(reading: TrackerReading, node: TrackerNode): NodeCoverage | null {
  if (node.kind === 'leaf') return bitCoverage(reading, node)
  const { geometry, depth } = reading.options
  const shape = radixShape(geometry, depth)
  const isRoot = node.level === shape.depth - 1
  const slots = isRoot ? Math.min(rootSlots(shape), geometry.tableEntries) : geometry.tableEntries
  const keys = geometry.tableEntries * 2 ** levelShift(shape, node.level ?? 0)
  const span = node.order === null ? null : keys * blockBytes(geometry, node.order)
  return slotCoverage(reading, node, span, slots)
}
