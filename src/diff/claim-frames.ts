import { DEBUGFS_NOWHERE } from '../../formats/dumps/debugfs.js'
import type { Coverage } from '../../formats/pages/coverage.js'
import type { KhoState } from '../image/state.js'
import type { ClaimGroup } from '../model/claim.js'
import { blockEndFinder, ownershipOf } from '../owners/ownership.js'
import { FrameList, framesIn } from './frames.js'
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
  const lists = new Map<Item, { data?: FrameList; structures?: FrameList }>()
  for (const group of ownershipOf(state).groups) {
    const item = group.preserved ? ownerOf(group) : null
    if (item === null) continue
    if (nowhere !== Number.POSITIVE_INFINITY && group.starts.some(start => start >= nowhere)) {
      item.placeless = true
      continue
    }
    let list = lists.get(item)
    if (list === undefined) {
      list = {}
      lists.set(item, list)
    }
    const which = group.kind === 'data' ? 'data' : 'structures'
    list[which] ??= new FrameList()
    addClaims(list[which], group, blockEnd, pageSize, item)
  }
  const known = (list: FrameList) => (cover === null ? list.finish() : framesIn(list.finish(), cover))
  for (const [item, { data, structures }] of lists) {
    if (data !== undefined) item.data = known(data)
    if (structures !== undefined) item.structures = known(structures)
    lists.delete(item)
  }
}

/** Addresses from here on are made up. */
function nowhereOf(state: KhoState): number {
  return state.image.dump.debugfs === undefined ? Number.POSITIVE_INFINITY : DEBUGFS_NOWHERE
}

/** The item that a claim is of: the element of a list that it knows, else the one whose path is the longest beginning of its own. */
function ownerFinder(items: readonly Item[]): (group: ClaimGroup) => Item | null {
  const bySelf = new Map(items.map(item => [item.self, item]))
  const outer = byPathOf(items.filter(item => item.parent === null))
  let all: Map<string, Item> | undefined
  return group => {
    const { holder } = group
    if (holder === undefined) return longestOf(outer, group.pathOf(0))
    const known = bySelf.get(holder)
    if (known !== undefined) return known
    // Of two with one path only one is an item.
    all ??= byPathOf(items)
    return longestOf(all, group.pathOf(0))
  }
}

function byPathOf(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map(item => [item.path, item]))
}

function longestOf(byPath: ReadonlyMap<string, Item>, path: string): Item | null {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const item = byPath.get(at)
    if (item !== undefined) return item
    if (!at.includes('/')) return null
  }
}

/** Whole pages, as in the segments of an ownership: a structure has all of the block that begins with it. */
function addClaims(
  list: FrameList,
  { starts, sizes, count, kind }: ClaimGroup,
  blockEnd: ((address: number) => number) | null,
  pageSize: number,
  item: Item,
): void {
  const folios = blockEnd === null && kind === 'data' && item.folioFlags !== null
  for (let n = 0; n < count; n++) {
    const start = starts[n] as number
    const first = start - (start % pageSize)
    const size = folios ? pageSize : (sizes[n] as number)
    const end = Math.ceil((start + size) / pageSize) * pageSize
    list.add(first, blockEnd === null || kind === 'data' ? end : Math.max(end, blockEnd(first)))
  }
}
