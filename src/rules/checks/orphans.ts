import { hex } from '../../../formats/memory/fault.js'
import { blockSize, orders, type PageSet, totals } from '../../../formats/pages/page-set.js'
import { countRun } from '../../../formats/pages/query.js'
import type { KhoState } from '../../image/state.js'
import { forEachOrphanBlock } from '../../owners/algebra.js'
import { type Ownership, ownershipOf } from '../../owners/ownership.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { luoOf, plural } from './context.js'

/** Places that are named. */
const NAMED = 3

/** Blocks of which nobody claims a page: one occurrence, with the first of them. */
export function* checkOrphans({ state }: RuleContext): Generator<Occurrence> {
  const { pages } = state.tracker.decode
  const ownership = ownershipOf(state)
  const count = totals(pages).blocks - countOwned(pages, ownership)
  if (count <= 0) return
  const first: string[] = []
  let address: number | null = null
  forEachOrphanBlock(pages, ownership, (start, order) => {
    address ??= start
    first.push(`${hex(start)} of order ${order}`)
    return first.length < NAMED
  })
  const excuse = excuseOf(state)
  const message = `${plural(count, 'preserved block')} without an owner, first ${first.join(', ')}${excuse === null ? '' : `; ${excuse}`}`
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

/** Why memory may look ownerless without being so; null where nothing excuses it. */
function excuseOf(state: KhoState): string | null {
  const { nodes, absentNodes } = state.tracker.decode
  const blobs = state.blobs()
  const absent = blobs.filter(
    blob => blob.value === null || blob.faults.some(fault => fault.absent !== undefined),
  )
  if (absent.length > 0) return `what ${absent[0]!.path} owns is not in the dump`
  const unknown = blobs.filter(blob => ['bytes', 'fdt', 'vmalloc', 'node'].includes(blob.format))
  if (unknown.length > 0) return `${unknown[0]!.path} may own them, whose contents are not known`
  const luo = luoOf(state)
  if (luo !== null && luo.sessions.length === 0) return 'LUO has not written its lists yet, or has none'
  const known = luo?.sessions.flatMap(session => session.files).every(file => file.memfd !== null) ?? true
  if (!known) return 'a file of an unknown handler may own them'
  return nodes.length === 0 && absentNodes > 0 ? 'the map is not in the dump' : null
}
