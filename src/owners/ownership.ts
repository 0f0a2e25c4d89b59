import { lastAtOrBelow } from '../../formats/memory/sorted.js'
import { blockSize, type PageSet } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import { blockFinder } from '../model/block-finder.js'
import { type Claim, type ClaimGroup, claimAt } from '../model/claim.js'
import { claims } from '../model/claims.js'
import { type Footprints, type OwnedSegments, sweepSegments } from './segments.js'
import { sortedOrder } from './sort-keys.js'

/** Who claims what in a state. Built on first need, kept as long as the state is. */
export interface Ownership {
  /** All claims, numbered through. */
  readonly groups: readonly ClaimGroup[]
  readonly count: number
  claim(id: number): Claim
  /** Path of a claim's owner. */
  path(id: number): string
  /** False for what is not meant to be preserved. */
  isPreserved(id: number): boolean
  /** Numbers of the claims that share a byte with a range, ascending; at most `limit` of them. */
  find(start: number, end: number, limit?: number): number[]
  /** The pages that claims take, of those claims that are meant to be preserved. */
  readonly owned: OwnedSegments
  /** The claims on the page at an address, as a number of the first and a count; null where nobody claims it. */
  ownedAt(address: number): { first: number; claims: number } | null
}

const cache = new WeakMap<KhoState, Ownership>()

/** The claims of a state, ready to be looked up. */
export function ownershipOf(state: KhoState): Ownership {
  let ownership = cache.get(state)
  if (ownership === undefined) {
    ownership = buildOwnership([...claims(state)], state.tracker.decode.pages, state.geometry.pageSize)
    cache.set(state, ownership)
  }
  return ownership
}

/** The same of claims at hand. */
export function buildOwnership(all: readonly ClaimGroup[], pages: PageSet, pageSize: number): Ownership {
  const groups = all.filter(group => group.count > 0)
  const offsets = new Float64Array(groups.length + 1)
  groups.forEach((group, g) => {
    offsets[g + 1] = (offsets[g] as number) + group.count
  })
  const count = offsets[groups.length] as number
  const groupOf = (id: number) => lastAtOrBelow(offsets, id, groups.length)
  const claim = (id: number): Claim => {
    const g = groupOf(id)
    return claimAt(groups[g]!, id - (offsets[g] as number))
  }
  let exact: Sorted | undefined
  let looks = 0
  let segments: OwnedSegments | undefined
  const owned = () => {
    segments ??= sweepSegments(footprints(groups, count, pages, pageSize))
    return segments
  }
  return {
    groups,
    count,
    claim,
    path(id) {
      const g = groupOf(id)
      return groups[g]!.pathOf(id - (offsets[g] as number))
    },
    isPreserved: id => groups[groupOf(id)]!.preserved,
    find(start, end, limit = Number.POSITIVE_INFINITY) {
      looks += count
      if (exact === undefined && looks <= FEW_LOOKS) return scanClaims(groups, start, end, limit)
      exact ??= sortClaims(groups, count)
      return overlapping(exact, start, end, limit)
    },
    get owned() {
      return owned()
    },
    ownedAt(address) {
      const { starts, ends, first, claims } = owned()
      const n = lastAtOrBelow(starts, address, starts.length)
      if (n < 0 || (ends[n] as number) <= address) return null
      return { first: first[n] as number, claims: claims[n] as number }
    },
  }
}

/** Claims that are looked at one by one before it is cheaper to sort them all. */
const FEW_LOOKS = 2 ** 18

function scanClaims(groups: readonly ClaimGroup[], start: number, end: number, limit: number): number[] {
  const found: number[] = []
  let id = 0
  for (const { starts, sizes, count } of groups) {
    for (let n = 0; n < count && found.length < limit; n++) {
      const at = starts[n] as number
      if (at < end && at + (sizes[n] as number) > start) found.push(id + n)
    }
    id += count
  }
  return found
}

/** Claims by start. `reach` is the largest end of the claims up to here: no claim before reaches further. */
interface Sorted {
  ids: Uint32Array
  starts: Float64Array
  ends: Float64Array
  reach: Float64Array
}

function sortClaims(groups: readonly ClaimGroup[], count: number): Sorted {
  const keys = new Float64Array(count)
  const sizes = new Float64Array(count)
  let at = 0
  for (const group of groups) {
    keys.set(group.starts, at)
    sizes.set(group.sizes, at)
    at += group.count
  }
  const ids = sortedOrder(keys)
  const starts = new Float64Array(count)
  const ends = new Float64Array(count)
  const reach = new Float64Array(count)
  let furthest = 0
  ids.forEach((id, n) => {
    starts[n] = keys[id] as number
    ends[n] = (keys[id] as number) + (sizes[id] as number)
    furthest = Math.max(furthest, ends[n] as number)
    reach[n] = furthest
  })
  return { ids, starts, ends, reach }
}

function overlapping(sorted: Sorted, start: number, end: number, limit: number): number[] {
  const { ids, starts, ends, reach } = sorted
  const found: number[] = []
  let n = lastAtOrBelow(starts, end - 1, starts.length)
  for (; n >= 0 && (reach[n] as number) > start && found.length < limit; n--) {
    if ((ends[n] as number) > start) found.push(ids[n] as number)
  }
  return found.sort((a, b) => a - b)
}

/**
 * Pages of the claims that are meant to be preserved. A structure or a blob takes all of the block that begins with
 * it: what is allocated for them is preserved as one block, of which they need not fill the last pages.
 */
function footprints(
  groups: readonly ClaimGroup[],
  count: number,
  pages: PageSet,
  pageSize: number,
): Footprints {
  const ids = new Uint32Array(count)
  const starts = new Float64Array(count)
  const ends = new Float64Array(count)
  let id = 0
  let kept = 0
  const blockEnd = blockEndFinder(pages)
  for (const { starts: groupStarts, sizes, count: held, preserved, kind } of groups) {
    for (let n = 0; preserved && n < held; n++) {
      const start = groupStarts[n] as number
      const first = start - (start % pageSize)
      let end = Math.ceil((start + (sizes[n] as number)) / pageSize) * pageSize
      if (kind !== 'data') end = Math.max(end, blockEnd(first))
      ids[kept] = id + n
      starts[kept] = first
      ends[kept] = end
      kept++
    }
    id += held
  }
  return { ids: ids.subarray(0, kept), starts: starts.subarray(0, kept), ends: ends.subarray(0, kept) }
}

/** Where the block that begins at an address ends; 0 where none does. */
export function blockEndFinder(pages: PageSet): (address: number) => number {
  const orderAt = blockFinder(pages)
  return address => {
    const order = orderAt(address)
    return order < 0 ? 0 : address + blockSize(pages, order)
  }
}
