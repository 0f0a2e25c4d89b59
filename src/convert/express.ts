import { KhoError } from '../../formats/error.js'
import { type Abi, encoderOf, trackerOptions } from '../../formats/kernels/index.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import {
  addBitmap,
  addBlock,
  addRun,
  countBlocks,
  createPageSet,
  orders,
  type PageSet,
  SPAN_BITS,
} from '../../formats/pages/page-set.js'
import { forEachRun } from '../../formats/pages/runs.js'
import { type Loss, loss } from './loss.js'

/** A set as a tracker can say it. */
export interface Expressed {
  pages: PageSet
  losses: Loss[]
}

/** The largest order that a tracker has room for. */
function largestOrder(abi: Abi, geometry: Geometry): number {
  const encoder = encoderOf(abi.name)
  const options = trackerOptions(abi.name, geometry)
  for (let order = 51 - geometry.pageShift; order > 0; order--) {
    const probe = createPageSet(geometry.pageShift)
    addBlock(probe, 0, order)
    if (encoder.refuse(probe, options) === null) return order
  }
  return 0
}

/**
 * The same pages in orders that a tracker knows: larger blocks are divided, and reported. Where none are it is the same set.
 *
 * @throws KhoError `cannot-express` for what it cannot say in any order
 */
export function expressSet(pages: PageSet, abi: Abi, geometry: Geometry): Expressed {
  const most = largestOrder(abi, geometry)
  const divided = orders(pages).some(order => order > most)
  const fitting = divided ? createPageSet(pages.pageShift) : pages
  const losses: Loss[] = []
  for (const order of divided ? orders(pages) : []) {
    const bits = pages.orders.get(order)!
    const blocks = countBlocks(pages, order)
    if (order <= most) {
      for (const [span, words] of bits.spans) addBitmap(fitting, order, span * SPAN_BITS, words)
    } else if (blocks > 0) {
      const parts = 2 ** (order - most)
      forEachRun(bits, (first, end) => addRun(fitting, most, first * parts, (end - first) * parts))
      const what =
        most === 0 ? `pages, as ${abi.tracker} knows no orders` : `${parts} blocks of order ${most} each`
      const message = `${blocks} blocks of order ${order} become ${what}`
      losses.push(loss('ORDERS', 'lost', 'tracker', message))
    }
  }
  const reason = encoderOf(abi.name).refuse(fitting, trackerOptions(abi.name, geometry))
  if (reason !== null) throw new KhoError('cannot-express', `${abi.name} cannot say it: ${reason}`)
  return { pages: fitting, losses }
}
