import { KhoError } from '../../formats/error.js'
import {
  createPageSet,
  orderBits,
  orders,
  type PageSet,
  putSpan,
  SPAN_BITS,
  sortedSpans,
} from '../../formats/pages/page-set.js'
import { countBits, countingOnce, lastSet, madeOnce, nextSet, upTo } from '../../formats/pages/words.js'
import { bitmapsOf, bitmapsWhenDivided, divideSet } from '../convert/express.js'

/** What a tracker is run for: a set in orders that it knows, and how many times as large the whole is. */
export interface Part {
  set: PageSet
  /** 1 where it is the whole. */
  scale: number
}

/** More bitmaps than this, 5 TiB of 4K pages in a row, trackers are not run for: a part of them says what all cost. */
const MOST_BITMAPS = 40_000
/** Bitmaps that are taken or left together, so that as many share a table as in the whole. */
const GROUP = 64
/** A bitmap that becomes more than this is not taken or left, but in part. */
const LARGE = 8

/** One block of each bitmap is always taken; from here on that is larger than any memory. */
const MOST_TAKEN = 2 ** 18

/**
 * As much of a set as a tracker is run for whose largest order that is: groups of bitmaps, evenly from all of it.
 *
 * @throws KhoError `cannot-express` for blocks that are larger than any memory
 */
export function partOf(pages: PageSet, most: number): Part {
  const total = bitmapsWhenDivided(pages, most)
  if (total <= MOST_BITMAPS) return { set: divideSet(pages, most), scale: 1 }
  const share = MOST_BITMAPS / total
  const part = createPageSet(pages.pageShift)
  let taken = 0
  for (const order of orders(pages)) {
    const { spans } = pages.orders.get(order)!
    const steps = Math.max(0, order - most)
    const count = countingOnce()
    const startOf = madeOnce(words => firstBlocks(words, share))
    for (const [n, span] of sortedSpans(pages.orders.get(order)!).entries()) {
      const words = spans.get(span)!
      const all = bitmapsOf(count(words), steps)
      const some = all > LARGE ? startOf(words) : isTaken(Math.floor(n / GROUP), share) ? words : null
      if (some === null) continue
      putSpan(orderBits(part, order), span, some, false)
      taken += some === words ? all : bitmapsOf(countBits(some), steps)
    }
  }
  if (taken > MOST_TAKEN) {
    throw new KhoError('cannot-express', `one block is more than ${MOST_TAKEN} bitmaps when it is divided`)
  }
  return { set: divideSet(part, most), scale: total / taken }
}

/** The first group always, and then as many as the share asks for. */
function isTaken(group: number, share: number): boolean {
  return group === 0 || Math.floor((group + 1) * share) > Math.floor(group * share)
}

/** The first blocks of a bitmap, as many as the share asks for and one at least. */
function firstBlocks(words: Uint32Array, share: number): Uint32Array {
  const first = nextSet(words, 0)
  return upTo(words, first + Math.floor(share * (lastSet(words, SPAN_BITS - 1) - first)))
}
