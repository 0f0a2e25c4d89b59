import type { PageShift } from '../../../formats/memory/geometry.js'
import {
  addBitmap,
  addRun,
  blocksAt,
  createPageSet,
  hasBlock,
  type PageSet,
} from '../../../formats/pages/page-set.js'
import { nextClear, nextSet } from '../../../formats/pages/words.js'

/** What a reading kernel reserved: blocks as a set, and those that no set can say. */
export interface Reserved {
  pages: PageSet
  /** Reservations at odd addresses or of sizes that wrapped, the first of them. */
  odd: { address: number; size: number; order: number }[]
  /** How many there were in all. */
  oddCount: number
  /** By order, the pages at which blocks of it begin that are aligned to nothing but pages. */
  shifted: Map<number, PageSet>
}

/** Sees what a kernel reserves, in the order of its own calls. */
export interface ReservationSink {
  /** Bit `i` of the words is block number `first + i` of an order: a call for each bit that is set. */
  blocks(order: number, first: number, words: Uint32Array): void
  /** A call whose address or size is that of no block. */
  odd(address: number, size: number, order: number): void
  /** Bit `i` of the words is a block of an order that begins at page `first + i`: a call for each bit that is set. */
  shifted(order: number, first: number, words: Uint32Array): void
  /** A page of the tracker itself, which the kernel comes by: patch v5 reserves it. */
  tracker(address: number, size: number): void
}

/** Most odd reservations that are kept; all are counted. */
const KEPT = 64

/** A kernel that has reserved nothing yet. */
export function createReserved(pageShift: PageShift): Reserved {
  return { pages: createPageSet(pageShift), odd: [], oddCount: 0, shifted: new Map() }
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
    shifted(order, first, words) {
      const heads = reserved.shifted.get(order) ?? createPageSet(reserved.pages.pageShift)
      reserved.shifted.set(order, heads)
      addBitmap(heads, 0, first, words)
      for (let bit = nextSet(words, 0); bit < words.length * 32; ) {
        const end = nextClear(words, bit)
        addRun(reserved.pages, 0, first + bit, end - 1 - bit + 2 ** order)
        bit = nextSet(words, end)
      }
    },
    tracker() {},
  }
}

/** Shows two what is seen, one after the other. */
export function bothSinks(first: ReservationSink, second: ReservationSink): ReservationSink {
  return {
    blocks(order, start, words) {
      first.blocks(order, start, words)
      second.blocks(order, start, words)
    },
    odd(address, size, order) {
      first.odd(address, size, order)
      second.odd(address, size, order)
    },
    shifted(order, start, words) {
      first.shifted(order, start, words)
      second.shifted(order, start, words)
    },
    tracker(address, size) {
      first.tracker(address, size)
      second.tracker(address, size)
    },
  }
}

/**
 * The order that page->private of a page says, or null where nothing was ever written there. Of several blocks that
 * begin at the page the last one read wins: the highest order in chunk lists, which ascend, the lowest in radix trees.
 */
export function markerAt(reserved: Reserved, address: number, last: 'highest' | 'lowest'): number | null {
  for (const order of [...reserved.shifted.keys()].sort((a, b) => b - a)) {
    if (hasBlock(reserved.shifted.get(order)!, address, 0)) return order
  }
  const heads = blocksAt(reserved.pages, address).filter(block => block.address === address)
  const head = last === 'lowest' ? heads[0] : heads.at(-1)
  // The word is in the page's struct page, whatever part of the page the address is in.
  const pageSize = 2 ** reserved.pages.pageShift
  const odd = reserved.odd.find(entry => entry.address - (entry.address % pageSize) === address)
  return head?.order ?? odd?.order ?? null
}
