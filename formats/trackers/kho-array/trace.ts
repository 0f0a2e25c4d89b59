import { blockBytes } from '../shared/describe.js'
import { addressAt, bitAt, nodePath } from '../shared/read.js'
import type { TrackerReading, TrackerStep } from '../tracker.js'
import { ARRAY_BITMAP, ELEMENT } from './shape.js'

/** The element that has a block, wherever the virtual address of its entry led, and the bit in its bitmap. */
export function traceKhoArray(reading: TrackerReading, address: number, order: number): TrackerStep[] {
  const { memory, options, decode } = reading
  const size = blockBytes(options.geometry, order)
  for (const node of decode.nodes) {
    if (node.kind !== 'array' || node.order !== order || node.start === null) continue
    const bitmap = addressAt(memory, node.address + ELEMENT.bitmap)
    const bit = (address - node.start) / size
    if (bitmap === 0 || !bitAt(memory, bitmap, bit, ARRAY_BITMAP)) continue
    return [
      { node: nodePath(node.address), slot: null, bit: null },
      { node: nodePath(bitmap), slot: null, bit },
    ]
  }
  return []
}
