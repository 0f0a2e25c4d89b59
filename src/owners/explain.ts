import { rangeAt } from '../../formats/memory/range.js'
import { blockSize } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import { claimAt } from '../model/claim.js'
import { pointersIn } from '../model/probable.js'
import { ownershipOf } from './ownership.js'

/** How a block without an owner may be reached. */
export interface Explanation {
  /** Path of the handle whose memory leads to it. */
  path: string
  /** Address of the u64 that equals the block's. */
  from: number
}

/** Blocks that are looked into for more: what it takes for a driver, not for a list of folios. */
const MOST_BLOCKS = 2 ** 14

const cache = new WeakMap<KhoState, ReadonlyMap<number, Explanation>>()

/**
 * Blocks that nobody claims, and what an unknown handler hands over, or another such block, has the address of. No
 * proof: a u64 may look like an address by chance.
 */
export function explainOrphans(state: KhoState): ReadonlyMap<number, Explanation> {
  let found = cache.get(state)
  if (found === undefined) {
    found = explain(state)
    cache.set(state, found)
  }
  return found
}

function explain(state: KhoState): Map<number, Explanation> {
  const ownership = ownershipOf(state)
  const { pages } = state.tracker.decode
  const found = new Map<number, Explanation>()
  const open = [...handles(state)]
  for (let next = open.shift(), n = 0; next !== undefined && n < MOST_BLOCKS; next = open.shift(), n++) {
    const { path, start, end } = next
    for (const { at, target, order } of pointersIn(state, { start, end })) {
      if (found.has(target) || ownership.ownedAt(target) !== null) continue
      found.set(target, { path, from: at })
      open.push({ path, ...rangeAt(target, blockSize(pages, order)) })
    }
  }
  return found
}

/** What handles of unknown handlers lead to. */
function* handles(state: KhoState): Generator<{ path: string; start: number; end: number }> {
  for (const group of ownershipOf(state).groups) {
    if (group.kind !== 'data' || group.count !== 1) continue
    const { path, start, end } = claimAt(group, 0)
    if (/^luo\/(flbs|sessions)\/.*\/data$/.test(path)) yield { path, start, end }
  }
}
