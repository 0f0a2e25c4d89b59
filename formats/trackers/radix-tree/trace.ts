import { addressAt, bitAt, nodePath, WORD } from '../shared/read.js'
import type { TrackerReading, TrackerStep } from '../tracker.js'
import { levelShift, type RadixShape, radixShape } from './shape.js'

/** From the root down to the bit of a key. */
export function traceRadixTree(reading: TrackerReading, address: number, order: number): TrackerStep[] {
  const { geometry, depth } = reading.options
  const shape = radixShape(geometry, depth)
  const block = address / (geometry.pageSize * 2 ** order)
  const steps = followKey(reading, shape, 2 ** (shape.order0 - order) + block)
  // Trees of 16K pages that are one level short have lost the order bit of order 0.
  const short = shape.depth < radixShape(geometry).depth
  return steps.length === 0 && short && order === 0 ? followKey(reading, shape, block) : steps
}

function followKey({ memory, root, options }: TrackerReading, shape: RadixShape, key: number): TrackerStep[] {
  const { pageSize, tableEntries } = options.geometry
  const steps: TrackerStep[] = []
  let node = root.addresses[0] ?? 0
  for (let level = shape.depth - 1; level > 0 && node !== 0; level--) {
    const slot = Math.floor(key / 2 ** levelShift(shape, level)) % tableEntries
    steps.push({ node: nodePath(node), slot, bit: null })
    node = addressAt(memory, node + slot * WORD)
  }
  const bit = key % 2 ** shape.bitmapLog2
  if (node === 0 || !bitAt(memory, node, bit, pageSize)) return []
  steps.push({ node: nodePath(node), slot: null, bit })
  return steps
}
