import type { PageShift } from '../../formats/memory/geometry.js'
import { coveredBytes } from '../../formats/pages/coverage.js'
import type { KhoState } from '../image/state.js'
import { CHANGE_CLASSES, type Change, type ChangeClass, type Memory, STRUCTURE_CLASSES } from './change.js'
import { fillFrames } from './claim-frames.js'
import { pairChanges, soleChange } from './compare-items.js'
import {
  memoryOf,
  type PageDifference,
  type Preserved,
  pageDifference,
  preservedOf,
  splitChanges,
  unownedChanges,
} from './compare-pages.js'
import { scratchChanges, trackerChanges, unknownSets } from './compare-state.js'
import { contentBudget } from './content.js'
import { frameBytes, framesIn, joinFrames } from './frames.js'
import { isIgnored } from './ignore.js'
import { itemsOf } from './inventory.js'
import type { Item } from './item.js'
import { followsParent, type Matching, type Memories, matchItems } from './match.js'
import { inUnits } from './units.js'

/** What is compared, and what counts. */
export interface DiffOptions {
  /** True where versions, addresses and structure count as differences, too. */
  structure?: boolean
  /** Paths, with all that is below them, and classes that are left out. */
  ignore?: readonly string[]
}

/** What changed between two states. */
export interface Diff {
  /** True where no change counts. What is unknown never does. */
  same: boolean
  /** All changes, those of structure included, without the ignored ones. */
  changes: Change[]
  /** The preserved sets alone, whoever owns what; false where one of them is not known whole. */
  pages: { known: boolean; removed: Memory; added: Memory }
  totals: DiffTotals
}

/** How many changes of each class there are, and how much memory. */
export interface DiffTotals {
  classes: Record<ChangeClass, number>
  /** Changes that count. */
  changes: number
  ignored: number
  removedBytes: number
  addedBytes: number
}

/**
 * Compares two states by meaning: scratch, owners and what they hold, what nobody owns, then how it is all written
 * down. What a dump does not tell is `unknown`, never a difference.
 */
export function diffStates(a: KhoState, b: KhoState, options: DiffOptions = {}): Diff {
  const pageShift = smallerShift(a, b)
  const left = preservedOf(a, pageShift)
  const right = preservedOf(b, pageShift)
  const difference = pageDifference(left, right)
  const matching = matchStates(a, b, left, right)
  const all = [
    ...scratchChanges(a, b),
    ...ownerChanges({ a, b }, matching, { a: left, b: right }, difference),
    ...unownedChanges(a, b, difference),
    ...unknownSets(left, right),
    ...splitChanges({ a, b }, left, right, difference, matching.pairs),
    ...trackerChanges(a, b),
  ]
  const changes = all.filter(change => !isIgnored(change, options.ignore ?? []))
  return {
    same: !changes.some(change => counts(change, options)),
    changes,
    pages: {
      known: left.known === 'whole' && right.known === 'whole',
      removed: memoryOf(difference.removed),
      added: memoryOf(difference.added),
    },
    totals: totalsOf(changes, all.length - changes.length, difference, options),
  }
}

function smallerShift({ geometry: a }: KhoState, { geometry: b }: KhoState): PageShift {
  return a.pageSize < b.pageSize ? a.pageShift : b.pageShift
}

/** True for a change that makes two states different. */
export function counts(change: Change, { structure = false }: DiffOptions): boolean {
  if (change.class === 'unknown') return false
  return structure || !STRUCTURE_CLASSES.includes(change.class)
}

interface Matched extends Matching {
  memories: Memories
}

function matchStates(a: KhoState, b: KhoState, left: Preserved, right: Preserved): Matched {
  const itemsA = itemsOf(a)
  const itemsB = itemsOf(b)
  // Frames are comparable only when both are known to be preserved.
  const known = left.known === 'whole' && right.known === 'whole'
  fillFrames(a, itemsA, known ? left.cover : null)
  fillFrames(b, itemsB, known ? right.cover : null)
  const memories = {
    a: a.image.memory,
    b: b.image.memory,
    budget: contentBudget(a.image.memory, b.image.memory),
  }
  return { ...matchItems(itemsA, itemsB, memories), memories }
}

function ownerChanges(
  states: { a: KhoState; b: KhoState },
  { pairs, onlyA, onlyB, memories }: Matched,
  sets: { a: Preserved; b: Preserved },
  difference: PageDifference,
): Change[] {
  const follows = followsParent(pairs)
  const gaps = { a: gapsOf(states.a), b: gapsOf(states.b) }
  const sole = (item: Item, side: 'a' | 'b') => {
    const [other, name] = side === 'a' ? (['b', 'B'] as const) : (['a', 'A'] as const)
    const gap = gaps[other].find(path => item.key === path || item.key.startsWith(`${path}/`))
    if (gap !== undefined) return soleChange(item, 'unknown', side, `${name} lacks what ${gap} leads to`)
    const note = preservedNote(item, sets[other], name)
    return soleChange(item, side === 'a' ? 'removed' : 'added', side, note)
  }
  const broken = {
    a: itemsWithGaps([...pairs.map(pair => pair.a), ...onlyA], gaps.a),
    b: itemsWithGaps([...pairs.map(pair => pair.b), ...onlyB], gaps.b),
  }
  return [
    ...pairs.flatMap(pair => {
      const lacking: string[] = []
      if (broken.a.has(pair.a)) lacking.push('A')
      if (broken.b.has(pair.b)) lacking.push('B')
      return pairChanges(pair, memories, { follows, lacking, difference })
    }),
    ...onlyA.map(item => sole(item, 'a')),
    ...onlyB.map(item => sole(item, 'b')),
  ]
}

/** What the other state does with the memory of an item that it does not have. */
function preservedNote(item: Item, { known, cover }: Preserved, name: string): string | null {
  const frames = joinFrames(item.data, item.structures)
  const bytes = frameBytes(frames)
  if (known !== 'whole' || bytes === 0) return null
  const kept = frameBytes(framesIn(frames, cover))
  if (kept === 0) return null
  return kept === bytes
    ? `preserved in ${name} as well`
    : `${inUnits(kept)} of it preserved in ${name} as well`
}

/** Paths of what a dump lacks a part of: of what is below, nobody knows whether it is there. */
function gapsOf(state: KhoState): string[] {
  const faults = state.blobs().flatMap(blob => blob.faults)
  const paths = faults.flatMap(({ absent, path }) => (absent === undefined || path === null ? [] : [path]))
  // A block that is not there hides what its owner has.
  return [...new Set(paths.map(path => path.replace(/\/blocks\/[^/]*$/, '')))]
}

/** The items whose own structures a dump does not tell all of. */
function itemsWithGaps(items: readonly Item[], gaps: readonly string[]): Set<Item> {
  const found = new Set(items.filter(item => item.placeless || item.content?.incomplete != null))
  if (gaps.length === 0) return found
  const byKey = new Map(items.map(item => [item.key, item]))
  for (const gap of gaps) {
    for (let at = gap; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const item = byKey.get(at)
      if (item === undefined) continue
      found.add(item)
      break
    }
  }
  return found
}

function totalsOf(
  changes: readonly Change[],
  ignored: number,
  { removed, added }: PageDifference,
  options: DiffOptions,
): DiffTotals {
  const classes = Object.fromEntries(CHANGE_CLASSES.map(name => [name, 0])) as Record<ChangeClass, number>
  for (const change of changes) classes[change.class]++
  return {
    classes,
    changes: changes.filter(change => counts(change, options)).length,
    ignored,
    removedBytes: coveredBytes(removed),
    addedBytes: coveredBytes(added),
  }
}
