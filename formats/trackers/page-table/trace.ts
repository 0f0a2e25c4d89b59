import { addressAt, bitAt, nodePath, WORD } from '../shared/read.js'
import type { TrackerReading, TrackerStep } from '../tracker.js'
import { levelBlocks, TABLE_LEVELS } from './shape.js'

/** From the top table of an order down to the bit of a block. */
export function tracePageTable(reading: TrackerReading, address: number, order: number): TrackerStep[] {
  const { memory, root, options } = reading
  const { geometry } = options
  const block = address / (geometry.pageSize * 2 ** order)
  const steps: TrackerStep[] = []
  let node = root.addresses[order] ?? 0
  for (let level = TABLE_LEVELS; level > 1 && node !== 0; level--) {
    const slot = Math.floor(block / levelBlocks(geometry, level)) % geometry.tableEntries
    steps.push({ node: nodePath(node), slot, bit: null })
    node = addressAt(memory, node + slot * WORD)
  }
  const bit = block % geometry.bitmapBits
  if (node === 0 || !bitAt(memory, node, bit, geometry.pageSize)) return []
  return [...steps, { node: nodePath(node), slot: null, bit }]
}
