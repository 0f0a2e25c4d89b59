import type { FolioFlags } from '../model/kind.js'
import { type Change, type ChangeClass, type Side, valueSide } from './change.js'
import type { PageDifference } from './compare-pages.js'
import { type ContentComparison, compareContents, samePlaces } from './content.js'
import {
  type Frames,
  frameBytes,
  framesIn,
  framesOnlyIn,
  joinFrames,
  memoryOfFrames,
  NO_FRAMES,
  sameFrames,
} from './frames.js'
import type { Item } from './item.js'
import type { Memories, Pair } from './match.js'
import { oncePerPair } from './once.js'
import { inUnits } from './units.js'

/** An item that only one state has. */
export function soleChange(
  item: Item,
  changeClass: 'added' | 'removed' | 'unknown',
  side: 'a' | 'b',
  note: string | null,
): Change {
  const frames = joinFrames(item.data, item.structures)
  const own = {
    path: item.path,
    value: describe(item),
    bytes: frameBytes(frames),
    memory: memoryOfFrames(frames),
  }
  const sides = side === 'a' ? { a: own, b: null } : { a: null, b: own }
  return { path: item.path, class: changeClass, what: 'owner', ...sides, note }
}

/** What is known of a pair beside the pair itself. */
export interface PairContext {
  /** True where that its name differs is said elsewhere. */
  follows(pair: Pair): boolean
  /** Names of the dumps that lack a part of its structures: then its memory is not known whole. */
  lacking: readonly string[]
  difference: PageDifference
}

/** All differences of an item that both states have. */
export function pairChanges(pair: Pair, memories: Memories, context: PairContext): Change[] {
  const { a, b, renamed } = pair
  const changes: Change[] = []
  if (renamed !== null && !context.follows(pair)) {
    changes.push(
      change(pair, 'renamed', 'name', side(a.path, describe(a)), side(b.path, describe(b)), renamed),
    )
  }
  changes.push(...(context.lacking.length > 0 ? sureChanges(pair, context) : memoryChanges(pair)))
  changes.push(...fieldChanges(pair), ...folioChanges(pair), ...contentChanges(pair, memories))
  return changes
}

/** Of an item that is not known whole: that is said, and what the preserved sets alone tell. */
function sureChanges(pair: Pair, { lacking, difference }: PairContext): Change[] {
  const { a, b } = pair
  const note = `${lacking.join(' and ')} ${lacking.length === 1 ? 'does' : 'do'} not tell all of its structures`
  const changes = [change(pair, 'unknown', 'memory', null, null, note)]
  const gone = framesIn(joinFrames(a.data, a.structures), difference.removed)
  const fresh = framesIn(joinFrames(b.data, b.structures), difference.added)
  if (gone.starts.length > 0) changes.push(change(pair, 'removed', 'memory', part(a, gone, NO_FRAMES), null))
  if (fresh.starts.length > 0) changes.push(change(pair, 'added', 'memory', null, part(b, fresh, NO_FRAMES)))
  return changes
}

function change(
  { b }: Pair,
  changeClass: ChangeClass,
  what: string,
  left: Side | null,
  right: Side | null,
  note: string | null = null,
): Change {
  return { path: b.path, class: changeClass, what, a: left, b: right, note }
}

const side = valueSide

function describe(item: Item): string {
  return item.size === null ? item.text : `${item.text}, ${inUnits(item.size)}`
}

function memoryChanges(pair: Pair): Change[] {
  const { a, b } = pair
  // Where KHO's own tree lies means nothing to anyone.
  if (a.kind === 'root') return framesChange(pair, 'memory', a.structures, b.structures, 'address')
  const changes = framesChange(pair, 'memory', a.data, b.data, null)
  const resized = a.size !== null && b.size !== null && a.size !== b.size
  const [first] = changes
  if (resized && first !== undefined) {
    first.class = 'resized'
    first.a = { ...(first.a as Side), value: sizeText(a) }
    first.b = { ...(first.b as Side), value: sizeText(b) }
  } else if (resized) {
    changes.push(change(pair, 'resized', 'size', side(a.path, sizeText(a)), side(b.path, sizeText(b))))
  }
  return [...changes, ...framesChange(pair, 'structures', a.structures, b.structures, null)]
}

function sizeText(item: Item): string {
  return inUnits(item.size ?? 0)
}

function framesChange(pair: Pair, what: string, a: Frames, b: Frames, as: ChangeClass | null): Change[] {
  if (sameFrames(a, b)) {
    if (what !== 'memory' || as !== null) return []
    const { content: left } = pair.a
    const { content: right } = pair.b
    if (left === null || right === null) return []
    if (left.size !== right.size || samePlaces(left, right)) return []
    const note = 'the same frames in another order'
    return [change(pair, 'moved', what, part(pair.a, a, a), part(pair.b, b, b), note)]
  }
  const grown = frameBytes(a) !== frameBytes(b)
  return [change(pair, as ?? (grown ? 'resized' : 'moved'), what, part(pair.a, a, b), part(pair.b, b, a))]
}

function part(item: Item, own: Frames, other: Frames): Side {
  return {
    path: item.path,
    value: null,
    bytes: frameBytes(own),
    memory: memoryOfFrames(framesOnlyIn(own, other)),
  }
}

function fieldChanges(pair: Pair): Change[] {
  const { a, b } = pair
  const changes: Change[] = []
  const others = b.fields
  for (const left of a.fields) {
    const right = others.find(({ name }) => name === left.name)
    if (right === undefined || left.value === null || right.value === null) continue
    if (left.value === right.value) continue
    changes.push(change(pair, left.class, left.name, side(a.path, left.value), side(b.path, right.value)))
  }
  return changes
}

const FOLIO_FLAGS = ['dirty', 'uptodate']

/** Folios at the same place of the file whose flags differ; the first is shown. */
function folioChanges(pair: Pair): Change[] {
  const { folioFlags: left } = pair.a
  const { folioFlags: right } = pair.b
  if (left === null || right === null) return []
  const { first, count } = differentFlags(left(), right())
  if (first === null) return []
  const note = count > 1 ? `and ${count - 1} more folios` : null
  const what = `folio ${first.index}`
  return [
    change(
      pair,
      'flags',
      what,
      side(pair.a.path, flagText(first.a)),
      side(pair.b.path, flagText(first.b)),
      note,
    ),
  ]
}

/** How many entries have other flags, and the first of them. */
const differentFlags = oncePerPair((left: FolioFlags, right: FolioFlags) => {
  let other: Map<number, number> | null = null
  let count = 0
  let first: { index: number; a: number; b: number } | null = null
  for (let n = 0; n < left.index.length; n++) {
    const index = left.index[n] as number
    // Lists of one file mostly agree, entry by entry.
    if (index !== right.index[n]) other ??= entriesByIndex(right.index)
    const m = index === right.index[n] ? n : other?.get(index)
    if (m === undefined || left.flags[n] === right.flags[m]) continue
    first ??= { index, a: left.flags[n] as number, b: right.flags[m] as number }
    count++
  }
  return { first, count }
})

function entriesByIndex(index: Float64Array): Map<number, number> {
  const entries = new Map<number, number>()
  for (let n = 0; n < index.length; n++) entries.set(index[n] as number, n)
  return entries
}

function flagText(flags: number): string {
  const names = FOLIO_FLAGS.filter((_, bit) => (flags >>> bit) & 1)
  return names.length === 0 ? 'none' : names.join(', ')
}

function contentChanges(pair: Pair, memories: Memories): Change[] {
  const { content: left } = pair.a
  const { content: right } = pair.b
  if (left === null || right === null) return []
  if (memories.a === memories.b && left.size === right.size && samePlaces(left, right)) return []
  const found = compareContents(
    { memory: memories.a, content: left },
    { memory: memories.b, content: right },
    memories.budget,
  )
  const changes: Change[] = []
  if (found.differentUnits > 0) changes.push(contentChange(pair, found))
  const unknown = unknownText(found)
  if (unknown !== null) changes.push(change(pair, 'unknown', 'content', null, null, unknown))
  return changes
}

const SHOWN_OFFSETS = 3

function contentChange(pair: Pair, { different, differentUnits }: ContentComparison): Change {
  const shown = different.slice(0, SHOWN_OFFSETS).map(({ start, end }) => `${start}-${end}`)
  const more = different.length > SHOWN_OFFSETS ? ' …' : ''
  const note = `${inUnits(differentUnits * 4096)} differ: bytes ${shown.join(', ')}${more}`
  const whole = (item: Item): Side => ({ ...side(item.path, null), bytes: item.content?.size ?? null })
  return change(pair, 'content-changed', 'content', whole(pair.a), whole(pair.b), note)
}

function unknownText({ unknownA, unknownB, skipped }: ContentComparison): string | null {
  const parts: string[] = []
  if (unknownA > 0) parts.push(`${inUnits(unknownA)} not in A`)
  if (unknownB > 0) parts.push(`${inUnits(unknownB)} not in B`)
  if (skipped > 0) parts.push(`${inUnits(skipped)} not compared: more than the dumps can hold`)
  return parts.length === 0 ? null : parts.join(', ')
}
