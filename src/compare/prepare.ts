import {
  countBlocks,
  createPageSet,
  orderBits,
  orders,
  type PageSet,
  putSpan,
  totals,
} from '../../formats/pages/page-set.js'
import { countRanges } from '../../formats/pages/runs.js'
import { madeOnce, nextUsed } from '../../formats/pages/words.js'
import { type Part, partOf } from './part.js'
import { type Sample, sampleBlocks, sampleGaps } from './samples.js'

/** Blocks that are preserved one by one to count steps, and pages that are looked for. */
const SAMPLE = 20_000
const LOOK_UPS = 512

/** What is asked of a set for every tracker, and is the same for all that know as large orders: found out once. */
export interface Prepared extends Part {
  /** Of all of it. */
  blocks: number
  ranges: () => number
  /** One block of each piece of what the tracker is run for. */
  outline: () => PageSet
  /** Blocks that are preserved one by one. */
  preserved: () => readonly Sample[]
  /** Blocks that are looked for, and addresses that none covers. */
  hits: () => readonly Sample[]
  misses: () => readonly number[]
}

/** Finds it out for the largest order that a tracker knows. */
export type Preparing = (most: number) => Prepared

/** Most trackers know all orders that a set has, and are given the very same. */
export function createPreparing(pages: PageSet, ramEnd: number): Preparing {
  const largest = orders(pages).at(-1) ?? 0
  const known = new Map<number, Prepared>()
  const prepare = (most: number): Prepared => {
    const part = partOf(pages, most)
    const { set } = part
    const whole = part.scale === 1
    return {
      ...part,
      blocks: whole ? totals(set).blocks : blocksWhenDivided(pages, most),
      ranges: once(() => countRanges(whole ? set : pages).ranges),
      outline: once(() => outlineOf(set)),
      preserved: once(() => sampleBlocks(set, SAMPLE)),
      hits: once(() => sampleBlocks(set, LOOK_UPS)),
      misses: once(() => sampleGaps(whole ? set : pages, ramEnd, LOOK_UPS)),
    }
  }
  return order => {
    const most = Math.min(order, largest)
    const prepared = known.get(most) ?? prepare(most)
    known.set(most, prepared)
    return prepared
  }
}

function blocksWhenDivided(pages: PageSet, most: number): number {
  return orders(pages).reduce(
    (sum, order) => sum + countBlocks(pages, order) * 2 ** Math.max(0, order - most),
    0,
  )
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Words of the smallest bitmap that any tracker has: 512 bytes. */
const PIECE_WORDS = 128

/**
 * A set with one block of each piece that has any: what a tracker costs goes by the bitmaps that it needs, and not by how
 * many bits of them are set.
 */
function outlineOf(set: PageSet): PageSet {
  const outline = createPageSet(set.pageShift)
  const drawn = madeOnce(firstOfPieces)
  for (const [order, bits] of set.orders) {
    for (const [span, words] of bits.spans) putSpan(orderBits(outline, order), span, drawn(words), false)
  }
  return outline
}

function firstOfPieces(words: Uint32Array): Uint32Array {
  const first = new Uint32Array(words.length)
  for (let at = 0; at < words.length; at += PIECE_WORDS) {
    const used = nextUsed(words, at, at + PIECE_WORDS)
    if (used < at + PIECE_WORDS) first[used] = words[used]! & -words[used]!
  }
  return first
}
