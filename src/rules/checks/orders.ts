import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { usedOrders } from '../../../formats/pages/algebra.js'
import { blockSize, countBlocks, orders } from '../../../formats/pages/page-set.js'
import { nextBlock } from '../../../formats/pages/query.js'
import { blockFinder } from '../../model/block-finder.js'
import { ownershipOf } from '../../owners/ownership.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { kernelName, plural } from './context.js'

/** MAX_PAGE_ORDER of a kernel with pages of 4K, 16K, 64K: x86-64's default, and arm64's. */
function maxPageOrder(geometry: Geometry): number {
  return { 12: 10, 14: 11, 16: 13 }[geometry.pageShift]
}

/** Blocks whose size an int cannot hold, for readers that compute it in one. */
export function* checkHugeBlocks({ state, kernel }: RuleContext): Generator<Occurrence> {
  if (!kernel.reads.intSize) return
  const { pages } = state.tracker.decode
  for (const order of orders(pages)) {
    const count = order + pages.pageShift < 31 ? 0 : countBlocks(pages, order)
    if (count === 0) continue
    const address = nextBlock(pages.orders.get(order)!, 0) * blockSize(pages, order)
    const message = `${plural(count, 'block')} of order ${order}, first ${hex(address)}: ${kernelName(kernel)} computes their size in an int`
    yield { message, path: 'tracker', address, count }
  }
}

/** Blocks that a reader will not restore, and whether somebody is going to try. */
export function* checkRestorable(context: RuleContext): Generator<Occurrence> {
  const { state, kernel } = context
  if (!kernel.reads.maxOrder) return
  const { pages } = state.tracker.decode
  const most = maxPageOrder(state.geometry)
  const high = usedOrders(pages).filter(order => order > most)
  for (const order of high) {
    const address = nextBlock(pages.orders.get(order)!, 0) * blockSize(pages, order)
    const count = countBlocks(pages, order)
    const message = `${plural(count, 'block')} of order ${order}, first ${hex(address)}: ${kernelName(kernel)} restores nothing above order ${most}`
    yield { message, path: 'tracker', address, count }
  }
  if (high.length > 0) yield* restoredBlocks(context, most)
}

/** Folios and runs that are such blocks: their owners restore them page by page, or folio by folio. */
function* restoredBlocks({ state, kernel }: RuleContext, most: number): Generator<Occurrence> {
  const orderAt = blockFinder(state.tracker.decode.pages)
  for (const group of ownershipOf(state).groups) {
    const version = group.version ?? ''
    const restores = version.startsWith('memfd-')
      ? kernel.users.luo !== null
      : version === 'kho-test-v1' || version === 'vmalloc'
    if (group.kind !== 'data' || !restores) continue
    let count = 0
    let first = -1
    for (let n = 0; n < group.count; n++) {
      if (orderAt(group.starts[n] as number) <= most) continue
      if (count++ === 0) first = n
    }
    if (count === 0) continue
    const address = group.starts[first] as number
    const message = `${group.pathOf(first)} is a block of order ${orderAt(address)}, which ${kernelName(kernel)} will refuse to restore`
    yield { message, path: group.pathOf(first), address, count, severity: 'error', effect: 'reported' }
  }
}
