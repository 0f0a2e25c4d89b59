import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { type Range, rangeAt, rangeSize } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { orderFinder } from './block-finder.js'
import { type ClaimGroup, type ClaimWalk, singleClaim } from './claim.js'

/**
 * What the handle of an unknown handler leads to. Handles are opaque, mostly addresses: one that is the address of a
 * preserved block leads to that block, any other to nothing that is known.
 */
export function handleBlock(state: KhoState, data: bigint): Range | null {
  const start = Number(data)
  if (start === 0 || start >= ADDRESS_LIMIT) return null
  const order = orderFinder(state)(start)
  return order < 0 ? null : rangeAt(start, state.geometry.pageSize * 2 ** order)
}

/** The bytes that a handle leads to; null where that is not known. */
export function handleMemory(state: KhoState, data: bigint) {
  const block = handleBlock(state, data)
  return block && { what: 'what the handle leads to', extents: [block] }
}

/** The claim on them. */
export function* handleClaims(
  { state }: ClaimWalk,
  { data }: { data: bigint },
  version: string,
  path: string,
): Generator<ClaimGroup> {
  const block = handleBlock(state, data)
  if (block === null) return
  yield singleClaim(`${path}/data`, block.start, rangeSize(block), { kind: 'data', version, preserved: true })
}
