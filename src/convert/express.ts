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
import { countingOnce } from '../../formats/pages/words.js'
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

/** The largest order that a tracker knows, and what that does to the blocks of a set that are larger. */
export function fitOrders(pages: PageSet, abi: Abi, geometry: Geometry): { most: number; losses: Loss[] } {
  const most = largestOrder(abi, geometry)
  const losses: Loss[] = []
  for (const order of orders(pages)) {
    const blocks = order <= most ? 0 : countBlocks(pages, order)
    if (blocks === 0) continue
    const what =
      most === 0
        ? `pages, as ${abi.tracker} knows no orders`
        : `${2 ** (order - most)} blocks of order ${most} each`
    losses.push(loss('ORDERS', 'lost', 'tracker', `${blocks} blocks of order ${order} become ${what}`))
  }
  return { most, losses }
}

/** Bitmaps that a set takes whose blocks are divided into those of an order, at most. */
export function bitmapsWhenDivided(pages: PageSet, most: number): number {
  const count = countingOnce()
  let total = 0
  for (const [order, bits] of pages.orders) {
    const steps = Math.max(0, order - most)
    for (const words of bits.spans.values()) total += bitmapsOf(count(words), steps)
  }
  return total
}

/** The same for some blocks of one bitmap, each of which is halved so many times. */
export function bitmapsOf(blocks: number, steps: number): number {
  const parts = 2 ** steps
  return parts < SPAN_BITS ? Math.min(blocks, parts) : (blocks * parts) / SPAN_BITS
}

/** A set with larger blocks divided into those of an order; where none is larger it is the same set. */
export function divideSet(pages: PageSet, most: number): PageSet {
  if (orders(pages).every(order => order <= most)) return pages
  const fitting = createPageSet(pages.pageShift)
  for (const order of orders(pages)) {
    const bits = pages.orders.get(order)!
    if (order <= most) {
      for (const [span, words] of bits.spans) addBitmap(fitting, order, span * SPAN_BITS, words)
    } else {
      const parts = 2 ** (order - most)
      forEachRun(bits, (first, end) => addRun(fitting, most, first * parts, (end - first) * parts))
    }
  }
  return fitting
}

/** A set that a tracker takes as it is. */
export function checkExpressed(pages: PageSet, abi: Abi, geometry: Geometry): void {
  const reason = encoderOf(abi.name).refuse(pages, trackerOptions(abi.name, geometry))
  if (reason !== null) throw new KhoError('cannot-express', `${abi.name} cannot say it: ${reason}`)
}

/** More bitmaps than this blocks are not divided into: 64 TiB of 4K pages in a row. A block costs a bit before, a bit a page then. */
const MOST_BITMAPS = 2 ** 19

/**
 * The same pages in orders that a tracker knows: larger blocks are divided, and reported. Where none are it is the same set.
 *
 * @throws KhoError `cannot-express` for what it cannot say in any order, and for more than can be divided
 */
export function expressSet(pages: PageSet, abi: Abi, geometry: Geometry): Expressed {
  const { most, losses } = fitOrders(pages, abi, geometry)
  if (losses.length > 0 && bitmapsWhenDivided(pages, most) > MOST_BITMAPS) {
    const what = most === 0 ? 'pages' : `blocks of order ${most}`
    throw new KhoError(
      'cannot-express',
      `${abi.name} cannot say it: divided into ${what} the set takes more than ${MOST_BITMAPS} bitmaps`,
    )
  }
  const fitting = divideSet(pages, most)
  checkExpressed(fitting, abi, geometry)
  return { pages: fitting, losses }
}
