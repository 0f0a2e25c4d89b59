import type { Range } from '../../formats/memory/range.js'
import { blockSize, type PageSet } from '../../formats/pages/page-set.js'
import { forEachBlock, forEachRange } from '../../formats/pages/runs.js'
import type { Ownership } from './ownership.js'

/** Preserved bytes, and who claims them. */
export type VisitOwned = (start: number, end: number, first: number | null, owners: number) => unknown

/**
 * Walks preserved memory, ascending: each piece with the number of its first claim (null where nobody claims it) and
 * how many there are. Pieces are not merged across owners. Return false to stop.
 */
export function forEachOwnedRange(pages: PageSet, ownership: Ownership, visit: VisitOwned): void {
  const { starts, ends, first, claims, count } = ownership.owned
  let n = 0
  forEachRange(pages, (start, end) => {
    let at = start
    while (n < count && (ends[n] as number) <= start) n++
    while (n < count && (starts[n] as number) < end) {
      const from = Math.max(starts[n] as number, start)
      if (from > at && visit(at, from, null, 0) === false) return false
      at = Math.min(ends[n] as number, end)
      if (visit(from, at, first[n] as number, claims[n] as number) === false) return false
      if ((ends[n] as number) > end) break
      n++
    }
    return at < end ? visit(at, end, null, 0) : true
  })
}

/**
 * Walks preserved blocks, sorted by address, then order: each with the number of the first of the claims that touch
 * it (null where none does) and how many there are. Return false to stop.
 */
export function forEachOwnedBlock(
  pages: PageSet,
  ownership: Ownership,
  visit: (address: number, order: number, first: number | null, owners: number) => unknown,
): void {
  const { starts, ends, first, claims, count } = ownership.owned
  let n = 0
  forEachBlock(pages, (address, order) => {
    const end = address + blockSize(pages, order)
    while (n < count && (ends[n] as number) <= address) n++
    if (n >= count || (starts[n] as number) >= end) return visit(address, order, null, 0)
    if (n + 1 >= count || (starts[n + 1] as number) >= end) {
      return visit(address, order, first[n] as number, claims[n] as number)
    }
    const ids = claimsInBlock(ownership, n, address, end)
    return visit(address, order, Math.min(...ids), ids.size)
  })
}

/** Owners of one block that are counted; real ones have one. */
const MOST_OWNERS = 4096

/** A block that has several segments: the claims in it. The tail of a block that a claim is rounded up to counts too. */
function claimsInBlock(ownership: Ownership, segment: number, start: number, end: number): Set<number> {
  const { starts, first, count } = ownership.owned
  const ids = new Set(ownership.find(start, end, MOST_OWNERS).filter(id => ownership.isPreserved(id)))
  for (let n = segment; n < count && (starts[n] as number) < end && ids.size < MOST_OWNERS; n++) {
    ids.add(first[n] as number)
  }
  return ids
}

/** Preserved memory that nobody claims, as ranges. */
function forEachOrphan(
  pages: PageSet,
  ownership: Ownership,
  visit: (start: number, end: number) => unknown,
): void {
  forEachOwnedRange(pages, ownership, (start, end, first) => (first === null ? visit(start, end) : true))
}

/** Preserved blocks of which nobody claims a single page. */
export function forEachOrphanBlock(
  pages: PageSet,
  ownership: Ownership,
  visit: (address: number, order: number) => unknown,
): void {
  forEachOwnedBlock(pages, ownership, (address, order, first) =>
    first === null ? visit(address, order) : true,
  )
}

/** Memory that is claimed as preserved and is not. */
function forEachDangling(
  pages: PageSet,
  ownership: Ownership,
  visit: (start: number, end: number) => void,
): void {
  const { starts, ends, count } = ownership.owned
  let n = 0
  let from = count > 0 ? (starts[0] as number) : 0
  const gap = (to: number) => {
    while (n < count && from < to) {
      visit(from, Math.min(ends[n] as number, to))
      if ((ends[n] as number) > to) {
        from = to
        return
      }
      n++
      from = n < count ? (starts[n] as number) : 0
    }
  }
  const skip = (to: number) => {
    while (n < count && (ends[n] as number) <= to) {
      n++
      from = n < count ? (starts[n] as number) : 0
    }
    from = Math.max(from, to)
  }
  forEachRange(pages, (start, end) => {
    gap(start)
    skip(end)
    return n < count
  })
  gap(Number.POSITIVE_INFINITY)
}

/** Memory that more than one claim holds on to; {@link Ownership.find} names them. */
export function forEachDuplicate(
  ownership: Ownership,
  visit: (start: number, end: number, owners: number) => unknown,
): void {
  const { starts, ends, claims, count } = ownership.owned
  for (let n = 0; n < count; n++) {
    if ((claims[n] as number) < 2) continue
    if (visit(starts[n] as number, ends[n] as number, claims[n] as number) === false) return
  }
}

/** The four sets as lists, for states known to be small, and tests. */
export interface OwnerSets {
  orphaned: Range[]
  orphanBlocks: { address: number; order: number }[]
  dangling: { start: number; end: number; paths: string[] }[]
  duplicate: { start: number; end: number; paths: string[] }[]
}

/** Orphaned, dangling and duplicate memory as lists. Owners are named, at most 16 of one piece. */
export function ownerSets(pages: PageSet, ownership: Ownership): OwnerSets {
  const sets: OwnerSets = { orphaned: [], orphanBlocks: [], dangling: [], duplicate: [] }
  forEachOrphan(pages, ownership, (start, end) => {
    sets.orphaned.push({ start, end })
  })
  forEachOrphanBlock(pages, ownership, (address, order) => {
    sets.orphanBlocks.push({ address, order })
  })
  forEachDangling(pages, ownership, (start, end) => {
    sets.dangling.push({ start, end, paths: ownersOf(ownership, start, end) })
  })
  forEachDuplicate(ownership, (start, end) => {
    sets.duplicate.push({ start, end, paths: ownersOf(ownership, start, end) })
  })
  return sets
}

/** Paths of the claims on a range that are meant to be preserved, in the order of the state; at most 16. */
export function ownersOf(ownership: Ownership, start: number, end: number): string[] {
  const ids = ownership.find(start, end, 256).filter(id => ownership.isPreserved(id))
  const rounded = ownership.ownedAt(start)
  if (rounded !== null && !ids.includes(rounded.first)) ids.unshift(rounded.first)
  return ids.slice(0, 16).map(id => ownership.path(id))
}
