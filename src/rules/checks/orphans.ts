import { hex } from '../../../formats/memory/fault.js'
import { blockSize, orders, type PageSet } from '../../../formats/pages/page-set.js'
import { countRun } from '../../../formats/pages/query.js'
import type { KhoState } from '../../image/state.js'
import { isDescribed } from '../../model/described.js'
import { trackerTotals } from '../../model/tracker.js'
import { forEachOrphanBlock } from '../../owners/algebra.js'
import { explainOrphans } from '../../owners/explain.js'
import { type Ownership, ownershipOf } from '../../owners/ownership.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { luoOf, plural } from './context.js'

/** Places that are named. */
const NAMED = 3

/** Blocks of which nobody claims a page: one occurrence, with the first of them. */
export function* checkOrphans({ state }: RuleContext): Generator<Occurrence> {
  const { pages } = state.tracker.decode
  const ownership = ownershipOf(state)
  const count = trackerTotals(state.tracker).blocks - countOwned(pages, ownership)
  if (count <= 0) return
  const first: string[] = []
  let address: number | null = null
  forEachOrphanBlock(pages, ownership, (start, order) => {
    address ??= start
    first.push(`${hex(start)} of order ${order}`)
    return first.length < NAMED
  })
  const excuse = excuseOf(state)
  const reasons = [excuse, explainedText(state)].filter(reason => reason !== null)
  const message = [
    `${plural(count, 'preserved block')} without an owner, first ${first.join(', ')}`,
    ...reasons,
  ].join('; ')
  yield { message, path: 'tracker', address, count, ...(excuse === null ? {} : { severity: 'info' }) }
}

/** Blocks that a claim shares a page with, by counting bits between the ends of each owned piece. */
function countOwned(pages: PageSet, ownership: Ownership): number {
  const { starts, ends, count } = ownership.owned
  let total = 0
  for (const order of orders(pages)) {
    const size = blockSize(pages, order)
    const bits = pages.orders.get(order)!
    let counted = 0
    for (let n = 0; n < count; n++) {
      const first = Math.max(Math.floor((starts[n] as number) / size), counted)
      counted = Math.max(Math.ceil((ends[n] as number) / size), counted)
      if (counted > first) total += countRun(bits, first, counted)
    }
  }
  return total
}

/** Whose they probably are, where what an unknown handler hands over has their addresses. */
function explainedText(state: KhoState): string | null {
  const explained = explainOrphans(state)
  if (explained.size === 0) return null
  const [first] = explained.values()
  const owners = new Set([...explained.values()].map(({ path }) => path))
  const others = owners.size === 1 ? '' : ` and ${plural(owners.size - 1, 'other')}`
  return `${explained.size} of them probably of ${first!.path}${others}, where u64s equal their addresses`
}

/** Why memory may look ownerless without being so; null where nothing excuses it. */
function excuseOf(state: KhoState): string | null {
  const { nodes, absentNodes } = state.tracker.decode
  const blobs = state.blobs()
  const absent = blobs.filter(
    blob => blob.value === null || blob.faults.some(fault => fault.absent !== undefined),
  )
  if (absent.length > 0) return `what ${absent[0]!.path} owns is not in the dump`
  const unknown = blobs.filter(
    blob => ['bytes', 'fdt', 'vmalloc', 'node'].includes(blob.format) && !isDescribed(blob, state),
  )
  if (unknown.length > 0) return `${unknown[0]!.path} may own them, whose contents are not known`
  const luo = luoOf(state)
  if (luo !== null && luo.sessions.length === 0) return 'LUO has not written its lists yet, or has none'
  const files = luo?.sessions.flatMap(session => session.files) ?? []
  const known = files.every(file => file.memfd !== null || isDescribed(file, state))
  if (!known) return 'a file of an unknown handler may own them'
  return nodes.length === 0 && absentNodes > 0 ? 'the map is not in the dump' : null
}
