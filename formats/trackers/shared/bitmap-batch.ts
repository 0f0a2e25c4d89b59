import { hex } from '../../memory/fault.js'
import type { FaultLog } from '../../memory/fault-log.js'
import type { Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { addBitmap, blockSize, createPageSet, type PageSet, SPAN_BITS } from '../../pages/page-set.js'
import { wordsOf } from '../../pages/words.js'
import type { TrackerNode } from '../tracker.js'
import { addElement, type ChunkElement } from './bitmap-element.js'
import { nodePath } from './read.js'

/** Adds bitmaps one after the other; `flush` before the set is looked at. */
interface BitmapBatch {
  add(element: ChunkElement): void
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
  single: (element: ChunkElement) => void,
): BitmapBatch {
  const bits = bitmapBytes * 8
  const run: ChunkElement[] = []
  let order = -1
  let size = 0

  const flush = () => {
    const first = run[0]
    if (first === undefined) return
    const read = run.length === 1 ? null : memory.read(first.bitmap, bitmapBytes * run.length)
    if (read?.ok) {
      addBitmap(pages, first.order, first.physStart / blockSize(pages, first.order), wordsOf(read.bytes))
    } else {
      for (const element of run) single(element)
    }
    run.length = 0
  }

  /** In line with its own span, and of an order whose blocks all lie below the largest address. */
  const isPlain = ({ order, physStart, bitmap }: ChunkElement, size: number) => {
    // Sizes are powers of two; `%` of numbers this large is a call of fmod().
    if (order + pages.pageShift >= 31 || (bitmap & (bitmapBytes - 1)) !== 0) return false
    const block = Math.floor(physStart / size)
    return block * size === physStart && (block & (bits - 1)) === 0 && physStart + bits * size <= 2 ** 51
  }

  return {
    add(element) {
      if (element.order !== order) {
        order = element.order
        size = blockSize(pages, order)
      }
      if (bits >= SPAN_BITS || !isPlain(element, size)) {
        flush()
        single(element)
        return
      }
      const last = run.at(-1)
      const follows =
        last !== undefined &&
        last.order === element.order &&
        last.bitmap + bitmapBytes === element.bitmap &&
        last.physStart + bits * size === element.physStart &&
        ((element.physStart / size) & (SPAN_BITS - 1)) !== 0
      if (!follows) flush()
      run.push(element)
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
): { add(element: ChunkElement): void; finish(): PageSet } {
  const pages = createPageSet(geometry.pageShift)
  const isNew = createSeen(bitmapBytes)
  const absent = new Set<number>()
  /** Bitmaps that more than one entry names, once they were read: one in memory for all of them. */
  const shared = new Map<number, Uint32Array | null>()
  const bad = () => counts.badPointers++
  // Entries that share a bitmap cost their writer nothing and the decoder a bitmap each: hold both to the input's size.
  let budget = memory.inputSize * 16 + 2 ** 26

  const readOne = (element: ChunkElement) => {
    const { bitmap } = element
    const known = shared.get(bitmap)
    if (known) {
      addElement(pages, element, known, bitmapBytes, faults, bad)
      return
    }
    const read = memory.read(bitmap, bitmapBytes)
    if (read.ok) {
      const words = wordsOf(read.bytes)
      if (known === null) shared.set(bitmap, words)
      addElement(pages, element, words, bitmapBytes, faults, bad)
      return
    }
    counts.absentNodes++
    absent.add(bitmap)
    const message = `bitmap ${hex(bitmap)} is not in the dump (${read.reason})`
    faults.add('CHUNK-BITMAP-ABSENT', message, bitmap, nodePath(bitmap), read.reason)
  }
  const batch = createBitmapBatch(memory, pages, bitmapBytes, readOne)

  return {
    add(element) {
      const { bitmap, order, at } = element
      if (!isNew(bitmap)) {
        const message = `bitmap ${hex(bitmap)} is used by more than one entry`
        faults.add('CHUNK-BITMAP-SHARED', message, at, nodePath(bitmap))
        budget -= Math.max(bitmapBytes, 4096) * 2
        if (budget < 0) return
        if (!shared.has(bitmap)) shared.set(bitmap, null)
      } else {
        const { physStart: start } = element
        nodes.push({ address: bitmap, kind: 'bitmap', level: null, order, start, size: bitmapBytes })
      }
      batch.add(element)
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
