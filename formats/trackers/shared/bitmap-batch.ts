import { hex } from '../../memory/fault.js'
import type { FaultLog } from '../../memory/fault-log.js'
import type { Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { addBitmap, blockSize, createPageSet, type PageSet, SPAN_BITS } from '../../pages/page-set.js'
import { wordsOf } from '../../pages/words.js'
import type { TrackerNode } from '../tracker.js'
import { addElement, type VisitElement } from './bitmap-element.js'
import { nodePath } from './read.js'

/** Adds bitmaps one after the other; `flush` before the set is looked at. */
interface BitmapBatch {
  add: VisitElement
  flush(): void
}

/**
 * Takes bitmaps that lie one behind the other in memory, for blocks that do so too, together: a slab gives 512-byte
 * objects away in that order, so eight of them are most often one page, and that page is adopted as it is. `single` is
 * called for each bitmap that has no such neighbour, is out of line, or cannot be read.
 */
function createBitmapBatch(
  memory: PhysicalMemory,
  pages: PageSet,
  bitmapBytes: number,
  single: VisitElement,
): BitmapBatch {
  const bits = bitmapBytes * 8
  /** Where the entries of the bitmaps lie that wait; one after another stands for the blocks of a span at most. */
  const run = new Float64Array(Math.max(1, SPAN_BITS / bits))
  let count = 0
  let order = -1
  let size = 0
  let firstBitmap = 0
  let firstStart = 0

  const flush = () => {
    if (count === 0) return
    const read = count === 1 ? null : memory.read(firstBitmap, bitmapBytes * count)
    if (read?.ok) {
      addBitmap(pages, order, firstStart / size, wordsOf(read.bytes))
    } else {
      for (let n = 0; n < count; n++) {
        single(run[n]!, order, firstStart + n * bits * size, firstBitmap + n * bitmapBytes)
      }
    }
    count = 0
  }

  /** In line with its own span, and of an order whose blocks all lie below the largest address. */
  const isPlain = (physStart: number, bitmap: number) => {
    // Sizes are powers of two; `%` of numbers this large is a call of fmod().
    if (order + pages.pageShift >= 31 || (bitmap & (bitmapBytes - 1)) !== 0) return false
    const block = Math.floor(physStart / size)
    return block * size === physStart && (block & (bits - 1)) === 0 && physStart + bits * size <= 2 ** 51
  }

  return {
    add(at, itsOrder, physStart, bitmap) {
      if (itsOrder !== order) {
        flush()
        order = itsOrder
        size = blockSize(pages, order)
      }
      if (bits >= SPAN_BITS || !isPlain(physStart, bitmap)) {
        flush()
        single(at, order, physStart, bitmap)
        return
      }
      const follows =
        count > 0 &&
        firstBitmap + count * bitmapBytes === bitmap &&
        firstStart + count * bits * size === physStart &&
        ((physStart / size) & (SPAN_BITS - 1)) !== 0
      if (!follows) {
        flush()
        firstBitmap = bitmap
        firstStart = physStart
      }
      run[count++] = at
    },
    flush,
  }
}

/**
 * Notes objects of a size, a power of two, and tells of each whether it is new. A bit for each, a word for 32 in a row: a
 * set of 65,536 addresses costs as much as all else that is done with as many bitmaps.
 */
function createSeen(size: number): (address: number) => boolean {
  const words = new Map<number, number>()
  const unaligned = new Set<number>()
  let group = -1
  let word = 0
  return address => {
    const number = Math.floor(address / size)
    if (number * size !== address) {
      const isNew = !unaligned.has(address)
      unaligned.add(address)
      return isNew
    }
    const itsGroup = Math.floor(number / 32)
    if (itsGroup !== group) {
      if (group >= 0) words.set(group, word)
      group = itsGroup
      word = words.get(group) ?? 0
    }
    const bit = 1 << (number & 31)
    if ((word & bit) !== 0) return false
    word |= bit
    return true
  }
}

/** Where a collector of bitmaps notes what it meets. */
export interface BitmapNotes {
  nodes: TrackerNode[]
  faults: FaultLog
  counts: { badPointers: number; absentNodes: number }
}

/** Collects the bitmaps that a list or array names: the blocks in them, the objects themselves, and what is wrong. */
export function createBitmapCollector(
  memory: PhysicalMemory,
  geometry: Geometry,
  bitmapBytes: number,
  { nodes, faults, counts }: BitmapNotes,
): { add: VisitElement; finish(): PageSet } {
  const pages = createPageSet(geometry.pageShift)
  const isNew = createSeen(bitmapBytes)
  const absent = new Set<number>()
  /** Bitmaps that more than one entry names, once they were read: one in memory for all of them. */
  const shared = new Map<number, Uint32Array | null>()
  const bad = () => counts.badPointers++
  // Entries that share a bitmap cost their writer nothing and the decoder a bitmap each: hold both to the input's size.
  let budget = memory.inputSize * 16 + 2 ** 26

  const readOne: VisitElement = (at, order, physStart, bitmap) => {
    const known = shared.get(bitmap)
    if (known) {
      addElement(pages, at, order, physStart, bitmap, known, bitmapBytes, faults, bad)
      return
    }
    const read = memory.read(bitmap, bitmapBytes)
    if (read.ok) {
      const words = wordsOf(read.bytes)
      if (known === null) shared.set(bitmap, words)
      addElement(pages, at, order, physStart, bitmap, words, bitmapBytes, faults, bad)
      return
    }
    counts.absentNodes++
    absent.add(bitmap)
    faults.of('CHUNK-BITMAP-ABSENT')?.(
      `bitmap ${hex(bitmap)} is not in the dump (${read.reason})`,
      bitmap,
      nodePath(bitmap),
      read.reason,
    )
  }
  const batch = createBitmapBatch(memory, pages, bitmapBytes, readOne)

  return {
    add(at, order, physStart, bitmap) {
      if (!isNew(bitmap)) {
        faults.of('CHUNK-BITMAP-SHARED')?.(
          `bitmap ${hex(bitmap)} is used by more than one entry`,
          at,
          nodePath(bitmap),
        )
        budget -= Math.max(bitmapBytes, 4096) * 2
        if (budget < 0) return
        if (!shared.has(bitmap)) shared.set(bitmap, null)
      } else {
        nodes.push({
          address: bitmap,
          kind: 'bitmap',
          level: null,
          order,
          start: physStart,
          size: bitmapBytes,
        })
      }
      batch.add(at, order, physStart, bitmap)
    },
    finish() {
      batch.flush()
      dropAbsent(nodes, absent)
      return pages
    },
  }
}

/** A bitmap that the dump lacks is no node of what was read. In place, because the list is its owner's. */
function dropAbsent(nodes: TrackerNode[], absent: ReadonlySet<number>): void {
  if (absent.size === 0) return
  let kept = 0
  for (const node of nodes) if (!absent.has(node.address)) nodes[kept++] = node
  nodes.length = kept
}
