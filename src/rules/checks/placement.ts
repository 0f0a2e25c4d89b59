import { hex } from '../../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import { subtractRanges } from '../../../formats/memory/range.js'
import { findOverlaps } from '../../../formats/pages/overlap.js'
import { blocksAt, type PageSet } from '../../../formats/pages/page-set.js'
import { blocksIn, countBlocksIn, type FoundBlock } from '../../../formats/pages/query.js'
import { ownersOf } from '../../owners/algebra.js'
import { ownershipOf } from '../../owners/ownership.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { plural } from './context.js'
import { areasOf } from './scratch.js'

/** Overlaps that are looked for. Past that many, one more says nothing new. */
const MOST_OVERLAPS = 100

const named = (block: FoundBlock) => `${hex(block.address)} of order ${block.order}`

/** Preserved blocks in scratch, one occurrence for each area. */
export function* checkBlocksInScratch({ state }: RuleContext): Generator<Occurrence> {
  const { pages } = state.tracker.decode
  for (const area of areasOf(state)) {
    const [first] = blocksIn(pages, area.start, area.start + area.size, 1)
    if (first === undefined) continue
    const count = countBlocksIn(pages, area.start, area.start + area.size)
    const [owner] = ownersOf(ownershipOf(state), first.address, first.address + state.geometry.pageSize)
    const whose = owner === undefined ? '' : `, which is ${owner}'s`
    const message = `${plural(count, 'preserved block')} in ${area.text}, first ${named(first)}${whose}`
    yield { message, path: area.path, address: first.address, count }
  }
}

/** Pages of the tracker in scratch. */
export function* checkTrackerInScratch({ state }: RuleContext): Generator<Occurrence> {
  const areas = areasOf(state)
  for (const node of state.tracker.decode.nodes) {
    const area = areas.find(
      ({ start, size }) => node.address < start + size && node.address + node.size > start,
    )
    if (area === undefined) continue
    const root =
      node.address === state.tracker.root ? 'the root of the tracker' : `a ${node.kind} of the tracker`
    yield {
      message: `${root}, ${hex(node.address)}, lies in ${area.text}`,
      path: `tracker/nodes/${hex(node.address)}`,
      address: node.address,
    }
  }
}

/**
 * Blocks of different orders that share memory. Where they begin at one page, the order that is marked there is that of
 * one of them: bad for an owner that is going to restore the other.
 */
export function* checkOverlaps({ state }: RuleContext): Generator<Occurrence> {
  const ownership = ownershipOf(state)
  for (const { low, high } of findOverlaps(state.tracker.decode.pages, MOST_OVERLAPS)) {
    const claim = low.address === high.address ? ownership.ownedAt(low.address) : null
    const path = claim && ownership.path(claim.first)
    // Regions of reserve_mem= are not restored: they stay reserved.
    const owner = path?.startsWith('memblock/') === true ? null : path
    const whose = owner === null ? '' : `: ${owner} is restored with the order of one of them`
    yield {
      message: `block ${named(low)} lies within block ${named(high)}${whose}`,
      path: 'tracker',
      address: low.address,
      ...(owner === null ? {} : { severity: 'error', effect: 'silent' }),
    }
  }
}

/** Blocks that reach out of RAM, one occurrence for each gap in it. */
export function* checkBlocksOutsideRam({ state, ram }: RuleContext): Generator<Occurrence> {
  if (ram === null) return
  const { pages } = state.tracker.decode
  for (const { start, end } of subtractRanges([{ start: 0, end: ADDRESS_LIMIT }], ram)) {
    const [first] = blocksIn(pages, start, end, 1)
    if (first === undefined) continue
    const count = countBlocksIn(pages, start, end)
    const where =
      end === ADDRESS_LIMIT
        ? `above the end of RAM ${hex(start)}`
        : `in the gap ${hex(start)}-${hex(end)} of RAM`
    const message = `${plural(count, 'preserved block')} ${where}, first ${named(first)}`
    yield { message, path: 'tracker', address: first.address, count }
  }
}

/** Pages of the tracker that lie in preserved blocks. */
export function* checkTrackerPreserved({ state }: RuleContext): Generator<Occurrence> {
  const { pages, nodes } = state.tracker.decode
  const seen = new Set<number>()
  for (const node of nodes) {
    const page = node.address - (node.address % state.geometry.pageSize)
    const block = blockAt(pages, page)
    if (block === undefined || seen.has(page)) continue
    seen.add(page)
    const message = `a ${node.kind} of the tracker, ${hex(node.address)}, lies in preserved block ${named(block)}`
    yield { message, path: `tracker/nodes/${hex(node.address)}`, address: node.address }
  }
}

function blockAt(pages: PageSet, address: number): FoundBlock | undefined {
  return blocksAt(pages, address)[0]
}
