import { DEBUGFS_NOWHERE } from '../../formats/dumps/debugfs.js'
import type { Coverage } from '../../formats/pages/coverage.js'
import { blockSize, blocksAt, type PageSet } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import type { ClaimGroup } from '../model/claim.js'
import { ownershipOf } from '../owners/ownership.js'
import { createFrameList, type FrameList, framesIn } from './frames.js'
import type { Item } from './item.js'

/**
 * Gives each item its memory: the pages of its claims that are preserved. Where it is not known what is (`cover` is
 * null), the pages that its structures name; of a folio, whose size only the map tells, the first.
 */
export function fillFrames(state: KhoState, items: readonly Item[], cover: Coverage | null): void {
  const { pageSize } = state.geometry
  const nowhere = nowhereOf(state)
  const pages = cover === null ? null : state.tracker.decode.pages
  const byPath = new Map(items.map(item => [item.path, item]))
  const lists = new Map<Item, { data?: FrameList; structures?: FrameList }>()
  for (const group of ownershipOf(state).groups) {
    const item = group.preserved ? ownerOf(byPath, group.pathOf(0)) : null
    if (item === null) continue
    if (group.starts.some(start => start >= nowhere)) {
      item.placeless = true
      continue
    }
    let list = lists.get(item)
    if (list === undefined) {
      list = {}
      lists.set(item, list)
    }
    const which = group.kind === 'data' ? 'data' : 'structures'
    list[which] ??= createFrameList()
    addClaims(list[which], group, pages, pageSize, item)
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

/** The item whose path is the longest beginning of a claim's. */
function ownerOf(byPath: ReadonlyMap<string, Item>, path: string): Item | null {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const item = byPath.get(at)
    if (item !== undefined) return item
    if (!at.includes('/')) return null
  }
}

/** Whole pages, as in the segments of an ownership: a structure has all of the block that begins with it. */
function addClaims(
  list: FrameList,
  group: ClaimGroup,
  pages: PageSet | null,
  pageSize: number,
  item: Item,
): void {
  const folios = pages === null && item.folioFlags !== null && group.kind === 'data'
  for (let n = 0; n < group.count; n++) {
    const start = group.starts[n] as number
    const first = start - (start % pageSize)
    const size = folios ? pageSize : (group.sizes[n] as number)
    const end = Math.ceil((start + size) / pageSize) * pageSize
    const block = pages !== null && group.kind !== 'data' ? blockEnd(pages, first) : 0
    list.add(first, Math.max(end, block))
  }
}

function blockEnd(pages: PageSet, address: number): number {
  const block = blocksAt(pages, address).find(candidate => candidate.address === address)
  return block === undefined ? 0 : address + blockSize(pages, block.order)
}
