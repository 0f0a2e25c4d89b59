import { geometry } from '../../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { radixShape } from '../../../formats/trackers/radix-tree/index.js'
import type { KhoState } from '../../../src/image/state.js'
import { sha256 } from '../../material.js'

/**
 * A tracker as one line per node, in the order of discovery, with the addresses of nodes replaced by their numbers in
 * that order. Written from the layouts, apart from the decoders, so that it sees every byte of every node.
 */
export function trackerStructure(state: KhoState, pageShift: 12 | 14 | 16, depth?: number): string[] {
  const { memory } = state.image
  const root = state.tracker.root
  if (root === null) return []
  return state.abi.startsWith('kho-v1') || state.abi === 'v5'
    ? chunkLines(memory, root, 2 ** pageShift, state.abi === 'kho-v1-page' ? 2 ** pageShift : 512)
    : radixLines(memory, root, pageShift, depth)
}

function bytesAt(memory: PhysicalMemory, address: number, length: number): Uint8Array {
  const read = memory.read(address, length)
  if (!read.ok) throw new Error(`0x${address.toString(16)} is not there`)
  return read.bytes
}

function chunkLines(memory: PhysicalMemory, root: number, pageSize: number, bitmapBytes: number): string[] {
  const lines: string[] = []
  for (let address = root; address !== 0; ) {
    const chunk = bytesAt(memory, address, pageSize)
    const view = viewOf(chunk)
    const count = view.getUint32(12, true)
    const rest = chunk.subarray(16 + count * 16)
    const entries: string[] = []
    for (let n = 0; n < count; n++) {
      const bitmap = bytesAt(memory, u64(view, 24 + n * 16), bitmapBytes)
      entries.push(`${u64(view, 16 + n * 16).toString(16)}=${sha256(bitmap).slice(0, 12)}`)
    }
    lines.push(
      `chunk order ${view.getUint32(8, true)} ${count} ${sha256(rest).slice(0, 12)} ${entries.join(' ')}`,
    )
    address = u64(view, 0)
  }
  return lines
}

function radixLines(memory: PhysicalMemory, root: number, pageShift: 12 | 14 | 16, depth?: number): string[] {
  const shape = radixShape(geometry(pageShift), depth)
  const lines: string[] = []
  const visit = (address: number, level: number): number => {
    const number = lines.push('') - 1
    const bytes = bytesAt(memory, address, 2 ** pageShift)
    if (level === 0) {
      lines[number] = `leaf ${sha256(bytes).slice(0, 16)}`
      return number
    }
    const slots: string[] = []
    for (let slot = 0; slot < bytes.length / 8; slot++) {
      const child = u64(viewOf(bytes), slot * 8)
      if (child !== 0) slots.push(`${slot}:${visit(child, level - 1)}`)
    }
    lines[number] = `table ${level} ${slots.join(' ')}`
    return number
  }
  visit(root, shape.depth - 1)
  return lines
}
