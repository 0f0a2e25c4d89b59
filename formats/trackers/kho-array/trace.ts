import { KHO_ARRAY_ELEMENT } from '../../layout/kho-array.js'
import { blockBytes } from '../shared/describe.js'
import { bitAt, nodePath } from '../shared/read.js'
import type { TrackerReading, TrackerStep } from '../tracker.js'
import { ARRAY_BITMAP, ELEMENT_SIZE } from './shape.js'

/** The element that has a block, wherever the virtual address of its entry led, and the bit in its bitmap. */
export function traceKhoArray(reading: TrackerReading, address: number, order: number): TrackerStep[] {
  const { memory, options, decode } = reading
  const size = blockBytes(options.geometry, order)
  for (const node of decode.nodes) {
    if (node.kind !== 'array' || node.size !== ELEMENT_SIZE) continue
    const read = memory.read(node.address, ELEMENT_SIZE)
    if (!read.ok) continue
    const { physStart, bitmap, order: of } = KHO_ARRAY_ELEMENT.read(read.bytes)
    if (of !== order || physStart === null || bitmap === null) continue
    const bit = (address - physStart) / size
    if (bit < 0 || bit >= ARRAY_BITMAP * 8 || !bitAt(memory, bitmap, bit, ARRAY_BITMAP)) continue
    return [
      { node: nodePath(node.address), slot: null, bit: null },
      { node: nodePath(bitmap), slot: null, bit },
    ]
  }
  return []
}
