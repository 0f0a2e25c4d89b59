import { DEBUGFS_NOWHERE } from '../../formats/dumps/debugfs.js'
import { createNumberList } from '../../formats/memory/number-list.js'
import type { Coverage } from '../../formats/pages/coverage.js'
import type { KhoState } from '../image/state.js'
import type { ClaimGroup } from '../model/claim.js'
import { blockEndFinder, ownershipOf } from '../owners/ownership.js'
import { FrameList, framesIn, NO_FRAMES, sameFrames } from './frames.js'
import type { Item } from './item.js'

/**
 * Gives each item its memory: the pages of its claims that are preserved. Where it is not known what is (`cover` is
 * null), the pages that its structures name; of a folio, whose size only the map tells, the first.
 */
export function fillFrames(state: KhoState, items: readonly Item[], cover: Coverage | null): void {
  const { pageSize } = state.geometry
  const nowhere = nowhereOf(state)
  const blockEnd = cover === null ? null : blockEndFinder(state.tracker.decode.pages)
  const ownerOf = ownerFinder(items)
  const pieces = createPieces(items.length * 2)
  for (const group of ownershipOf(state).groups) {
    const owner = group.preserved ? ownerOf(group) : -1
    if (owner < 0) continue
    const item = items[owner]!
    if (nowhere !== Number.POSITIVE_INFINITY && group.starts.some(start => start >= nowhere)) {
      item.placeless = true
      continue
    }
    addClaims(pieces, owner, group, blockEnd, pageSize, item)
  }
  let last = NO_FRAMES
  /** Files that have one handle have the same memory. */
  const known = (list: FrameList) => {
    const frames = cover === null ? list.finish() : framesIn(list.finish(), cover)
    if (!sameFrames(frames, last)) last = frames
    return last
  }
  pieces.finish((place, list) => {
    const item = items[Math.floor(place / 2)]!
    if (place % 2 === 0) item.data = known(list)
    else item.structures = known(list)
  })
}

/** Ranges with the place that each is for, in any order. */
interface Pieces {
  add(place: number, start: number, end: number): void
  /** Gives each place that has any its ranges, in the order in which they came. */
  finish(visit: (place: number, list: FrameList) => void): void
}

/** A hundred thousand items have a range or two each: they are numbers until all are there. */
function createPieces(places: number): Pieces {
  const counts = new Uint32Array(places + 1)
  const owners = createNumberList()
  const starts = createNumberList()
  const ends = createNumberList()
  return {
    add(place, start, end) {
      owners.push(place)
      starts.push(start)
      ends.push(end)
      counts[place + 1]!++
    },
    finish(visit) {
      for (let place = 0; place < places; place++) counts[place + 1]! += counts[place]!
      const order = new Uint32Array(owners.length)
      const next = counts.slice()
      owners.toArray().forEach((place, n) => {
        order[next[place]!++] = n
      })
      const [first, last] = [starts.toArray(), ends.toArray()]
      for (let place = 0; place < places; place++) {
        const [from, to] = [counts[place]!, counts[place + 1]!]
        if (from === to) continue
        const list = new FrameList()
        for (let at = from; at < to; at++) list.add(first[order[at]!]!, last[order[at]!]!)
        visit(place, list)
      }
    },
  }
}

/** Addresses from here on are made up. */
function nowhereOf(state: KhoState): number {
  return state.image.dump.debugfs === undefined ? Number.POSITIVE_INFINITY : DEBUGFS_NOWHERE
}

/**
 * The number of the item that a claim is of, or -1: of the element of a list that it knows, else of the one whose path is the
 * longest beginning of its own.
 */
function ownerFinder(items: readonly Item[]): (group: ClaimGroup) => number {
  const bySelf = new Map(items.map((item, n) => [item.self, n]))
  const outer = byPathOf(items, item => item.parent === null)
  let all: Map<string, number> | undefined
  return group => {
    const { holder } = group
    if (holder === undefined) return longestOf(outer, group.pathOf(0))
    const known = bySelf.get(holder)
    if (known !== undefined) return known
    // Of two with one path only one is an item.
    all ??= byPathOf(items, () => true)
    return longestOf(all, group.pathOf(0))
  }
}

function byPathOf(items: readonly Item[], wanted: (item: Item) => boolean): Map<string, number> {
  const found = new Map<string, number>()
  items.forEach((item, n) => {
    if (wanted(item)) found.set(item.path, n)
  })
  return found
}

function longestOf(byPath: ReadonlyMap<string, number>, path: string): number {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const item = byPath.get(at)
    if (item !== undefined) return item
    if (!at.includes('/')) return -1
  }
}

/** Whole pages, as in the segments of an ownership: a structure has all of the block that begins with it. */
function addClaims(
  pieces: Pieces,
  owner: number,
  { starts, sizes, count, kind }: ClaimGroup,
  blockEnd: ((address: number) => number) | null,
  pageSize: number,
  item: Item,
): void {
  const place = owner * 2 + (kind === 'data' ? 0 : 1)
  const folios = blockEnd === null && kind === 'data' && item.folioFlags !== null
  for (let n = 0; n < count; n++) {
    const start = starts[n] as number
    const first = start - (start % pageSize)
    const size = folios ? pageSize : (sizes[n] as number)
    const end = Math.ceil((start + size) / pageSize) * pageSize
    pieces.add(place, first, blockEnd === null || kind === 'data' ? end : Math.max(end, blockEnd(first)))
  }
}
