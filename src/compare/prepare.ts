import { createPageSet, orderBits, type PageSet, putSpan, totals } from '../../formats/pages/page-set.js'
import { countRanges } from '../../formats/pages/runs.js'
import { isSameMemory, nextUsed } from '../../formats/pages/words.js'
import { type Sample, sampleBlocks, sampleGaps } from './samples.js'

/** Blocks that are preserved one by one to count steps, and pages that are looked for. */
const SAMPLE = 20_000
const LOOK_UPS = 512

/** What is asked of a set for every tracker, and is the same for each: found out when it is first asked for. */
interface Prepared {
  blocks: number
  ranges: () => number
  outline: () => PageSet
  /** Blocks that are preserved one by one. */
  preserved: () => readonly Sample[]
  /** Blocks that are looked for, and addresses that none covers. */
  hits: () => readonly Sample[]
  misses: () => readonly number[]
}

/** Finds it out. */
export type Preparing = (set: PageSet) => Prepared

/** Sets are prepared once: most trackers are given the very same. */
export function createPreparing(ramEnd: number): Preparing {
  const known = new Map<PageSet, Prepared>()
  return set => {
    let prepared = known.get(set)
    if (prepared === undefined) {
      prepared = {
        blocks: totals(set).blocks,
        ranges: once(() => countRanges(set).ranges),
        outline: once(() => outlineOf(set)),
        preserved: once(() => sampleBlocks(set, SAMPLE)),
        hits: once(() => sampleBlocks(set, LOOK_UPS)),
        misses: once(() => sampleGaps(set, ramEnd, LOOK_UPS)),
      }
      known.set(set, prepared)
    }
    return prepared
  }
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
  for (const [order, bits] of set.orders) {
    let last: Uint32Array | null = null
    let drawn = new Uint32Array(0)
    for (const [span, words] of bits.spans) {
      if (last === null || !isSameMemory(words, last)) {
        drawn = new Uint32Array(words.length)
        for (let at = 0; at < words.length; at += PIECE_WORDS) {
          const used = nextUsed(words.subarray(at, at + PIECE_WORDS), 0)
          if (used < PIECE_WORDS) drawn[at + used] = words[at + used]! & -words[at + used]!
        }
      }
      last = words
      putSpan(orderBits(outline, order), span, drawn, false)
    }
  }
  return outline
}
