import { KHO_ARRAY, KHO_ARRAY_ELEMENT, KHO_ARRAY_PAGE } from '../../layout/kho-array.js'
import { rangeAt } from '../../memory/range.js'
import { bitCoverage, bitPieces, blockBytes, countWords } from '../shared/describe.js'
import type { NodeCoverage, NodePiece, TrackerNode, TrackerReading } from '../tracker.js'
import { ARRAY_BITMAP, ARRAY_PAGE_HEADER, arrayCapacity } from './shape.js'

/** The header, an element, a page of entries, or a bitmap. */
export function arrayPieces(reading: TrackerReading, node: TrackerNode): NodePiece[] {
  const { address, kind, size } = node
  if (kind === 'bitmap') return bitPieces(reading, node)
  if (size === KHO_ARRAY_ELEMENT.size) return [{ kind: 'struct', address, struct: KHO_ARRAY_ELEMENT }]
  if (size === KHO_ARRAY.size) return [{ kind: 'struct', address, struct: KHO_ARRAY }]
  const count = arrayCapacity(reading.options.geometry)
  return [
    { kind: 'struct', address, struct: KHO_ARRAY_PAGE },
    { kind: 'virtual', address: address + ARRAY_PAGE_HEADER, count },
  ]
}

/** An element has the stretch of its bitmap, a page as many entries as are not 0. */
export function arrayCoverage(reading: TrackerReading, node: TrackerNode): NodeCoverage | null {
  if (node.kind === 'bitmap') return bitCoverage(reading, node)
  const { geometry } = reading.options
  const { order, start, size } = node
  if (order !== null && start !== null) {
    const range = rangeAt(start, ARRAY_BITMAP * 8 * blockBytes(geometry, order))
    return { order, range, unit: 'entries', used: 1, of: 1 }
  }
  if (size !== geometry.pageSize) return null
  const of = arrayCapacity(geometry)
  const used = countWords(reading.memory, node.address + ARRAY_PAGE_HEADER, of)
  return used === null ? null : { order: null, range: null, unit: 'entries', used, of }
}
