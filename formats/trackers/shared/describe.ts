import type { Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { rangeAt } from '../../memory/range.js'
import { countBits, nextUsedSlot, wordsOf } from '../../pages/words.js'
import type { NodeCoverage, NodePiece, TrackerNode, TrackerReading } from '../tracker.js'
import { WORD } from './read.js'

/** Shift counts from here on make blocks that no memory has. */
const LARGEST_SHIFT = 52

/** A bitmap as its bits. */
export function bitPieces({ options }: TrackerReading, node: TrackerNode): NodePiece[] {
  const { address, size, order, start } = node
  const known = order !== null && start !== null && order + options.geometry.pageShift < LARGEST_SHIFT
  const first = known ? start / blockBytes(options.geometry, order) : null
  return [{ kind: 'bits', address, size, order: known ? order : null, first }]
}

/** A table as its slots. */
export function tablePieces({ address, size }: TrackerNode): NodePiece[] {
  return [{ kind: 'table', address, count: size / WORD }]
}

/** The blocks that a bitmap stands for, and how many of them are preserved. */
export function bitCoverage({ memory, options }: TrackerReading, node: TrackerNode): NodeCoverage | null {
  const read = memory.read(node.address, node.size)
  if (!read.ok) return null
  const of = node.size * 8
  const { order, start } = node
  const known = order !== null && start !== null && order + options.geometry.pageShift < LARGEST_SHIFT
  const range = known ? rangeAt(start, of * blockBytes(options.geometry, order)) : null
  return { order, range, unit: 'blocks', used: countBits(wordsOf(read.bytes)), of }
}

/** The slots of a table that lead on. `span` is the memory that all of them stand for; null where that is not known. */
export function slotCoverage(
  { memory }: TrackerReading,
  node: TrackerNode,
  span: number | null,
  slots: number = node.size / WORD,
): NodeCoverage | null {
  const used = countWords(memory, node.address, slots)
  if (used === null) return null
  const { order, start } = node
  const range = start === null || span === null ? null : rangeAt(start, span)
  return { order, range, unit: 'slots', used, of: slots }
}

/** How many of some u64s are not 0; null where the dump lacks them. */
export function countWords(memory: PhysicalMemory, address: number, count: number): number | null {
  const read = memory.read(address, count * WORD)
  if (!read.ok) return null
  const words = wordsOf(read.bytes)
  let used = 0
  for (let n = nextUsedSlot(words, 0); n < count; n = nextUsedSlot(words, n + 1)) used++
  return used
}

/** Bytes of a block of an order. */
export function blockBytes(geometry: Geometry, order: number): number {
  return geometry.pageSize * 2 ** order
}
