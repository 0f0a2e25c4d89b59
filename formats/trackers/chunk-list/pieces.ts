import { KHOSER_MEM_BITMAP_PTR } from '../../layout/chunk-list.js'
import { ADDRESS_LIMIT } from '../../memory/geometry.js'
import { u64, viewOf } from '../../memory/u64.js'
import { bitCoverage, bitPieces, blockBytes, isBlockOrder } from '../shared/describe.js'
import type { NodeCoverage, NodePiece, TrackerNode, TrackerReading } from '../tracker.js'
import {
  bitmapBytesOf,
  CHUNK_ELEMENT,
  CHUNK_HEADER,
  chunkCapacity,
  chunkHeader,
  ELEMENT_START,
} from './shape.js'

/** A bitmap is bits; a chunk is a header, and as many entries as it counts. */
export function chunkPieces(reading: TrackerReading, node: TrackerNode): NodePiece[] {
  if (node.kind === 'bitmap') return bitPieces(reading, node)
  const { address } = node
  const chunk = readChunk(reading, node)
  if (chunk === null) return []
  const entries = address + CHUNK_HEADER
  return [
    { kind: 'struct', address, struct: chunkHeader(reading.options).struct },
    { kind: 'records', address: entries, struct: KHOSER_MEM_BITMAP_PTR, count: chunk.used },
  ]
}

/** A chunk's entries, and the stretch from the first to the end of the last. */
export function chunkCoverage(reading: TrackerReading, node: TrackerNode): NodeCoverage | null {
  if (node.kind === 'bitmap') return bitCoverage(reading, node)
  const chunk = readChunk(reading, node)
  if (chunk === null) return null
  const { geometry } = reading.options
  const { order } = node
  let start = Number.POSITIVE_INFINITY
  let end = 0
  if (order !== null && isBlockOrder(geometry, order)) {
    const span = bitmapBytesOf(reading.options) * 8 * blockBytes(geometry, order)
    for (let n = 0; n < chunk.used; n++) {
      const first = u64(chunk.view, CHUNK_HEADER + n * CHUNK_ELEMENT + ELEMENT_START)
      if (first >= ADDRESS_LIMIT) continue
      start = Math.min(start, first)
      end = Math.max(end, first + span)
    }
  }
  return {
    order,
    range: end > start ? { start, end } : null,
    unit: 'entries',
    used: chunk.used,
    of: chunkCapacity(geometry),
  }
}

function readChunk({ memory, options }: TrackerReading, node: TrackerNode) {
  const read = memory.read(node.address, node.size)
  if (!read.ok) return null
  const view = viewOf(read.bytes)
  const used = Math.min(view.getUint32(chunkHeader(options).count, true), chunkCapacity(options.geometry))
  return { view, used }
}
