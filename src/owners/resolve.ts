import { KhoError } from '../../formats/error.js'
import {
  elementSegments,
  encodeSegment,
  findElement,
  parsePath,
  type Segment,
} from '../../formats/layout/index.js'
import type { KhoState } from '../image/state.js'
import type { Part, PartList } from './part.js'
import { statePart } from './state-part.js'

/**
 * What a path names in a state, in the grammar of docs/cli.md: a key or `#N` for an element of a list.
 *
 * @throws KhoError `usage` where there is no such part; the hint names those that there are
 */
export function resolve(state: KhoState, path: string): Part {
  return resolveSegments(state, parsePath(path))
}

/** The same of a path that is parsed. */
export function resolveSegments(state: KhoState, segments: readonly Segment[]): Part {
  let part = statePart(state)
  for (const segment of segments) {
    const next = step(part, segment)
    if (next === null) throw noSuchPart(part, segment)
    part = next
  }
  return part
}

function step(part: Part, segment: Segment): Part | null {
  for (const field of part.through ?? []) {
    const inner = fieldOf(part, field)
    const found = inner === null ? null : step(inner, segment)
    if (found !== null) return found
  }
  if (part.list !== undefined) {
    const index = indexOf(part.list, segment)
    if (index >= 0) return part.list.at(index)
  }
  return typeof segment === 'string' ? fieldOf(part, segment) : null
}

function fieldOf(part: Part, name: string): Part | null {
  const { fields } = part
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name]!() : null
}

function indexOf(list: PartList, segment: Segment): number {
  if (list.find !== undefined) return list.find(segment)
  if (typeof segment === 'number') return segment < list.length ? segment : -1
  return findElement(keysOf(list, list.length), segment)
}

function keysOf(list: PartList, count: number): (string | null)[] {
  return Array.from({ length: count }, (_, n) => list.key(n))
}

/** Names that an error shows. */
const SHOWN = 12

function noSuchPart(part: Part, segment: Segment): KhoError {
  const where = part.path === '/' ? 'the state' : part.path
  const known = namesOf(part).slice(0, SHOWN)
  const hint = known.length === 0 ? `${where} has no parts` : `${where} has ${known.join(', ')}`
  return new KhoError('usage', `there is no ${encodeSegment(segment)} in ${where}`, { hint })
}

function namesOf(part: Part): string[] {
  const inner = (part.through ?? []).flatMap(field => {
    const through = fieldOf(part, field)
    return through === null ? [] : namesOf(through)
  })
  const { list } = part
  const elements = list === undefined ? [] : elementSegments(keysOf(list, Math.min(list.length, 1000)))
  return [...inner, ...elements.map(encodeSegment), ...Object.keys(part.fields ?? {})]
}
