import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { nextSet, upTo, wordsOf } from '../../../formats/pages/words.js'
import {
  CHUNK_ELEMENT,
  CHUNK_HEADER,
  CHUNK_WORDS,
  ELEMENT_BITMAP,
  ELEMENT_START,
} from '../../../formats/trackers/chunk-list/index.js'
import type { ReaderMemory } from './memory.js'
import { stopAtLost } from './radix.js'
import type { ReservationSink } from './reserved.js'

/** Entries that are read of one image: past this a kernel has long met memory that is none. */
const MOST_ENTRIES = 2 ** 22

/**
 * kho_mem_deserialize() as it is: no pointer, count or order is checked, a pointer of 0 is NULL, shifts wrap as x86-64
 * has them wrap. kernel/kexec_handover.c 6.16 to 6.18, kernel/liveupdate/kexec_handover.c 6.19 and 7.0.
 */
export function readChunks(
  memory: ReaderMemory,
  root: number,
  geometry: Geometry,
  bitmapBytes: number,
  sink: ReservationSink,
): void {
  const walk = { memory, geometry, bitmapBytes, sink, bitmaps: new Map<number, Uint32Array>() }
  const visited = new Set<number>()
  let entries = 0
  for (let chunk = root; chunk !== 0; ) {
    if (visited.has(chunk)) {
      memory.stop({ kind: 'loop', message: `the list of chunks comes back to ${hex(chunk)}`, address: chunk })
      return
    }
    visited.add(chunk)
    if (!memory.intact(chunk)) return
    const header = memory.load(chunk, CHUNK_HEADER)
    if (header === null) return
    const view = viewOf(header)
    const count = view.getUint32(CHUNK_WORDS.count, true)
    const order = view.getUint32(CHUNK_WORDS.order, true)
    sink.tracker(chunk, geometry.pageSize)
    for (let i = 0; i < count; i++) {
      const entry = memory.load(chunk + CHUNK_HEADER + i * CHUNK_ELEMENT, CHUNK_ELEMENT)
      if (entry === null || !readEntry(walk, entry, order)) return
      if (++entries > MOST_ENTRIES) {
        memory.stop({ kind: 'loop', message: `more than ${MOST_ENTRIES} entries`, address: chunk })
        return
      }
    }
    chunk = u64(view, CHUNK_WORDS.next)
  }
}

/** What is the same for all entries of a list. */
interface Walk {
  memory: ReaderMemory
  geometry: Geometry
  bitmapBytes: number
  sink: ReservationSink
  /** Those that were read: one that many entries share is held once. */
  bitmaps: Map<number, Uint32Array>
}

/** deserialize_bitmap(). False when the kernel gets no further. */
function readEntry(walk: Walk, entry: Uint8Array, order: number): boolean {
  const { memory, bitmapBytes, bitmaps } = walk
  const view = viewOf(entry)
  const bitmap = u64(view, ELEMENT_BITMAP)
  if (bitmap === 0) {
    memory.stop({
      kind: 'oops',
      message: 'NULL pointer dereference: an entry without a bitmap',
      address: null,
    })
    return false
  }
  let words = bitmaps.get(bitmap)
  if (words === undefined) {
    const bytes = memory.load(bitmap, bitmapBytes)
    if (bytes === null) return false
    words = wordsOf(bytes)
    bitmaps.set(bitmap, words)
  }
  return reserveBitmap(walk, bitmap, view.getBigUint64(ELEMENT_START, true), order, words)
}

function reserveBitmap(
  { memory, geometry, sink }: Walk,
  bitmap: number,
  physStart: bigint,
  order: number,
  words: Uint32Array,
): boolean {
  const shift = (order + geometry.pageShift) % 64
  const start = Number(physStart)
  const size = 2 ** shift
  const span = words.length * 32 * size
  const sound = order + geometry.pageShift < 31 && start % size === 0 && start < 2 ** 52
  if (sound && memory.pages(start, start + span)) {
    sink.blocks(order, start / size, words)
    return true
  }
  if (memory.lost(bitmap)) return stopAtLost(memory, bitmap)
  for (let bit = nextSet(words, 0); bit < words.length * 32; bit = nextSet(words, bit + 1)) {
    const address = Number(BigInt.asUintN(64, physStart + (BigInt(bit) << BigInt(shift))))
    // It is reserved before page->private is written, which is where a page that is none faults.
    if (!sound) sink.odd(address, intSize(order, geometry), order)
    if (memory.page(address)) continue
    if (sound) sink.blocks(order, start / size, upTo(words, bit))
    return false
  }
  if (sound) sink.blocks(order, start / size, words)
  return true
}

/** `1 << (order + PAGE_SHIFT)` in an int: the count is taken mod 32, and a set sign bit becomes a huge u64. */
function intSize(order: number, geometry: Geometry): number {
  const size = 1 << ((order + geometry.pageShift) & 31)
  return size < 0 ? 2 ** 64 + size : size
}
