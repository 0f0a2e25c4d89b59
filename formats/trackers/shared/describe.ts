import type { Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { rangeAt } from '../../memory/range.js'
import { countBits, nextUsedSlot, wordsOf } from '../../pages/words.js'
import type { NodeCoverage, NodePiece, TrackerNode, TrackerReading } from '../tracker.js'
import { WORD } from './read.js'

/** Shift counts from here on make blocks that no memory has. */
const LARGEST_SHIFT = 52

/** True for an order of which there can be blocks: a record may say any, and 2 to the power of it need not be a number. */
export function isBlockOrder({ pageShift }: Pick<Geometry, 'pageShift'>, order: number): boolean {
  return order + pageShift < LARGEST_SHIFT
}

/** Where a node's bits begin, and how much memory each stands for; null where that is not known. */
function placeOfBits(
  { options: { geometry } }: TrackerReading,
  { order, start }: TrackerNode,
): { start: number; block: number } | null {
  if (order === null || start === null || !isBlockOrder(geometry, order)) return null
  return { start, block: blockBytes(geometry, order) }
}

/** A bitmap as its bits. */
export function bitPieces(reading: TrackerReading, node: TrackerNode): NodePiece[] {
  const { address, size } = node
  const place = placeOfBits(reading, node)
  return place === null
    ? [{ kind: 'bits', address, size, order: null, first: null }]
    : [{ kind: 'bits', address, size, order: node.order, first: place.start / place.block }]
}

/** A table as its slots. */
export function tablePieces({ address, size }: TrackerNode): NodePiece[] {
  return [{ kind: 'table', address, count: size / WORD }]
}

/** The blocks that a bitmap stands for, and how many of them are preserved. */
export function bitCoverage(reading: TrackerReading, node: TrackerNode): NodeCoverage | null {
  const read = reading.memory.read(node.address, node.size)
  if (!read.ok) return null
  const of = node.size * 8
  const place = placeOfBits(reading, node)
  const range = place && rangeAt(place.start, of * place.block)
  return { order: node.order, range, unit: 'blocks', used: countBits(wordsOf(read.bytes)), of }
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
