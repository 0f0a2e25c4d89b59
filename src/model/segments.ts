import { elementSegments, encodeSegment, type Segment } from '../../formats/layout/index.js'
import type { Elements } from './elements.js'
import { isNotKnown, type NotKnown } from './not-known.js'

/** The element that a segment names: by its key where no other has it, or by its number; -1 where there is none. */
export function findElement(elements: Elements<unknown>, segment: Segment): number {
  if (elements.find !== undefined) return elements.find(segment)
  if (typeof segment === 'number') return segment < elements.length ? segment : -1
  const index = keyIndex(elements, segment, 0)
  return index >= 0 && keyIndex(elements, segment, index + 1) < 0 ? index : -1
}

function keyIndex(elements: Elements<unknown>, key: string, from: number): number {
  for (let n = from; n < elements.length; n++) if (elements.key?.(n) === key) return n
  return -1
}

/** How an element is named: by its key, or its number where it has none that is its own. */
export function segmentOf(elements: Elements<unknown>, n: number): Segment {
  const key = elements.key?.(n) ?? null
  if (key === null || key === '') return n
  return elements.distinct === true || findElement(elements, key) === n ? key : n
}

/** How the first elements of a list are written in a path. */
export function elementNames(elements: Elements<unknown> | NotKnown, limit: number): string[] {
  return isNotKnown(elements) ? [] : segmentsOf(elements, limit).map(encodeSegment)
}

/** How the first elements of a list are named. */
export function segmentsOf(elements: Elements<unknown>, limit: number): Segment[] {
  const looked = elements.distinct === true ? Math.min(limit, elements.length) : elements.length
  const keys: (string | null)[] = []
  for (let n = 0; n < looked; n++) keys.push(elements.key?.(n) ?? null)
  return elementSegments(keys).slice(0, limit)
}
