import { blockSize, orders, type PageSet, SPAN_BITS } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'

interface OrderView {
  order: number
  size: number
  spans: ReadonlyMap<number, Uint32Array>
  /** The span looked at last: lists are walked, not jumped about in. */
  span: number
  words: Uint32Array | undefined
}

/** Order of the lowest block that begins exactly at an address, or -1. Made for long lists of addresses. */
export function blockFinder(pages: PageSet): (address: number) => number {
  const views: OrderView[] = orders(pages).map(order => ({
    order,
    size: blockSize(pages, order),
    spans: pages.orders.get(order)!.spans,
    span: -1,
    words: undefined,
  }))
  return address => {
    for (const view of views) {
      const block = address / view.size
      if (!Number.isInteger(block)) return -1
      const span = Math.floor(block / SPAN_BITS)
      if (span !== view.span) {
        view.span = span
        view.words = view.spans.get(span)
      }
      if (view.words === undefined) continue
      const bit = block - span * SPAN_BITS
      if (((view.words[bit >>> 5]! >>> (bit & 31)) & 1) === 1) return view.order
    }
    return -1
  }
}

const finders = new WeakMap<KhoState, (address: number) => number>()

/** The same over the preserved set of a state, made once. */
export function orderFinder(state: KhoState): (address: number) => number {
  let finder = finders.get(state)
  if (finder === undefined) {
    finder = blockFinder(state.tracker.decode.pages)
    finders.set(state, finder)
  }
  return finder
}
