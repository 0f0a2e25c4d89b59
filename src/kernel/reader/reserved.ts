import type { PageShift } from '../../../formats/memory/geometry.js'
import { addBitmap, blocksAt, createPageSet, type PageSet } from '../../../formats/pages/page-set.js'

/** What a reading kernel reserved: blocks as a set, and those that no set can say. */
export interface Reserved {
  pages: PageSet
  /** Reservations at odd addresses or of sizes that wrapped, the first of them. */
  odd: { address: number; size: number; order: number }[]
  /** How many there were in all. */
  oddCount: number
}

/** Sees what a kernel reserves, in the order of its own calls. */
export interface ReservationSink {
  /** Bit `i` of the words is block number `first + i` of an order: a call for each bit that is set. */
  blocks(order: number, first: number, words: Uint32Array): void
  /** A call whose address or size is that of no block. */
  odd(address: number, size: number, order: number): void
  /** A page of the tracker itself, which the kernel comes by: patch v5 reserves it. */
  tracker(address: number, size: number): void
}

/** Most odd reservations that are kept; all are counted. */
const KEPT = 64

/** A kernel that has reserved nothing yet. */
export function createReserved(pageShift: PageShift): Reserved {
  return { pages: createPageSet(pageShift), odd: [], oddCount: 0 }
}

/** Keeps what it sees, as a set. */
export function keepIn(reserved: Reserved): ReservationSink {
  return {
    blocks(order, first, words) {
      addBitmap(reserved.pages, order, first, words)
    },
    odd(address, size, order) {
      reserved.oddCount++
      if (reserved.odd.length < KEPT) reserved.odd.push({ address, size, order })
    },
    tracker() {},
  }
}

/**
 * The order that page->private of a page says, or null where nothing was ever written there. Of several blocks that
 * begin at the page the last one read wins: the highest order in chunk lists, which ascend, the lowest in radix trees.
 */
export function markerAt(reserved: Reserved, address: number, last: 'highest' | 'lowest'): number | null {
  const heads = blocksAt(reserved.pages, address).filter(block => block.address === address)
  const head = last === 'lowest' ? heads[0] : heads.at(-1)
  return head?.order ?? reserved.odd.find(entry => entry.address === address)?.order ?? null
}
