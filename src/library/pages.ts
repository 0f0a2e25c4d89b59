import type { Range } from '../../formats/memory/range.js'
import { forEachBlock, forEachRange } from '../../formats/pages/runs.js'
import type { KhoState } from '../image/state.js'
import { forEachOwnedBlock, forEachOwnedRange } from '../owners/algebra.js'
import { ownershipOf } from '../owners/ownership.js'

/** A preserved block of 2^order pages. */
export interface Block {
  address: number
  order: number
}

/** Who claims a block or a range: the first owner's path, null where nobody does, and how many more there are. */
export interface Owned {
  owner: string | null
  moreOwners: number
}

/**
 * The preserved blocks, by address, then order. Millions of them are better visited: {@link forEachBlock}.
 */
export function pages(state: KhoState): Block[] {
  const blocks: Block[] = []
  forEachBlock(state.tracker.decode.pages, (address, order) => {
    blocks.push({ address, order })
  })
  return blocks
}

/** The preserved memory as half-open ranges, merged over orders, ascending. */
export function ranges(state: KhoState): Range[] {
  const found: Range[] = []
  forEachRange(state.tracker.decode.pages, (start, end) => {
    found.push({ start, end })
  })
  return found
}

/** The preserved blocks, each with its owners. */
export function ownedPages(state: KhoState): (Block & Owned)[] {
  const ownership = ownershipOf(state)
  const blocks: (Block & Owned)[] = []
  forEachOwnedBlock(state.tracker.decode.pages, ownership, (address, order, first, owners) => {
    const owner = first === null ? null : ownership.path(first)
    blocks.push({ address, order, owner, moreOwners: Math.max(0, owners - 1) })
  })
  return blocks
}

/** The preserved ranges, each with its owners: where the owner changes, a new one begins. */
export function ownedRanges(state: KhoState): (Range & Owned)[] {
  const ownership = ownershipOf(state)
  const found: (Range & Owned)[] = []
  forEachOwnedRange(state.tracker.decode.pages, ownership, (start, end, first, owners) => {
    const owner = first === null ? null : ownership.path(first)
    found.push({ start, end, owner, moreOwners: Math.max(0, owners - 1) })
  })
  return found
}
