import type { Range } from '../../formats/memory/range.js'

/** What can have become of a thing between two states. */
export const CHANGE_CLASSES = [
  'added',
  'removed',
  'renamed',
  'moved',
  'resized',
  'content-changed',
  'flags',
  'version',
  'address',
  'split',
  'structure',
  'unknown',
] as const

export type ChangeClass = (typeof CHANGE_CLASSES)[number]

/** Changes of how a state is said, not of what is handed over: they count only when asked for. */
export const STRUCTURE_CLASSES: readonly ChangeClass[] = ['version', 'address', 'split', 'structure']

/** Memory, as ranges that are made when they are looked at. */
export interface Memory {
  readonly bytes: number
  /** Ascending, disjoint, merged. */
  ranges(): Iterable<Range>
  /** How many they are, which is told sooner than they are listed. */
  count(): number
}

/** One side of a change. */
export interface Side {
  /** Path of the thing in this state. */
  path: string
  /** The value of a field, or what the thing is in a few words; null where only memory differs. */
  value: string | null
  /** Bytes that the thing holds in this state; null for what holds none. */
  bytes: number | null
  /** What of it this state has and the other has not. */
  memory: Memory
}

/** One difference between two states. */
export interface Change {
  /** Path in the second state, or in the first where the second lacks it. */
  path: string
  class: ChangeClass
  /** Which part or field of the thing it is about. */
  what: string
  a: Side | null
  b: Side | null
  /** What else there is to say; null where nothing is. */
  note: string | null
}

/** No memory. */
export const NO_MEMORY: Memory = { bytes: 0, ranges: () => [], count: () => 0 }

/** A side that is a value and no memory. */
export function valueSide(path: string, value: string | null): Side {
  return { path, value, bytes: null, memory: NO_MEMORY }
}
