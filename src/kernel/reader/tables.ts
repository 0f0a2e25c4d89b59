import type { ReadingKernel } from '../../../formats/kernels/index.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { rangesTouch } from '../../../formats/memory/range.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { nextSet, upTo, wordsOf } from '../../../formats/pages/words.js'
import { levelBlocks, TABLE_LEVELS } from '../../../formats/trackers/page-table/index.js'
import { nodePath, WORD } from '../../../formats/trackers/shared/read.js'
import type { TrackerStep } from '../../../formats/trackers/tracker.js'
import type { ReaderMemory } from './memory.js'
import type { ReservationSink } from './reserved.js'
import { visitCounter } from './visits.js'

interface Walk {
  memory: ReaderMemory
  geometry: Geometry
  order: number
  reads: Pick<ReadingKernel['reads'], 'keeps' | 'bitStride'>
  sink: ReservationSink
  visit(address: number): boolean
}

/**
 * khomem_walk_preserved() with kho_mem_deser_walk_fn() as they are, for each order: the low bits of a descriptor are
 * masked off, and nothing else is checked (patch of 3 April 2025 on v5). Where a kernel skips instead, the tables and
 * bits that memblock_free_pages() comes to look at: those of RAM.
 */
export function readTables(
  memory: ReaderMemory,
  roots: readonly number[],
  geometry: Geometry,
  reads: Walk['reads'],
  sink: ReservationSink,
): void {
  const visit = visitCounter(memory)
  for (const [order, root] of roots.entries()) {
    const table = tableOf(root, geometry)
    if (table === 0) continue
    if (!walkTable({ memory, geometry, order, reads, sink, visit }, table, TABLE_LEVELS, 0)) return
  }
}

/** khomem_table() of a descriptor; 0 where khomem_desc_none() holds. */
function tableOf(descriptor: number, { pageSize }: Geometry): number {
  return descriptor - (descriptor % pageSize)
}

function walkTable(walk: Walk, address: number, level: number, start: number): boolean {
  const { memory, geometry, order, sink } = walk
  if (!walk.visit(address)) return false
  const bytes = memory.load(address, geometry.pageSize)
  if (bytes === null) return false
  sink.tracker(address, geometry.pageSize)
  if (level === 1) return walkBitmap(walk, wordsOf(bytes), start)
  const view = viewOf(bytes)
  const span = levelBlocks(geometry, level) * geometry.pageSize * 2 ** order
  for (let slot = 0; slot < geometry.tableEntries; slot++) {
    const table = tableOf(u64(view, slot * WORD), geometry)
    if (table === 0) continue
    // Addresses are summed up in an unsigned long, and wrap.
    const below = (start + slot * span) % 2 ** 64
    if (!isAsked(walk, below, span)) continue
    if (!walkTable(walk, table, level - 1, below)) return false
  }
  return true
}

/** False where no page below is one that the allocator gets, so that nobody asks for it. */
function isAsked({ memory, reads }: Walk, start: number, span: number): boolean {
  const ram = memory.ram()
  return reads.keeps === 'reserve' || ram === null || rangesTouch(ram, start, start + span)
}

function walkBitmap(walk: Walk, words: Uint32Array, start: number): boolean {
  const { memory, geometry, order, reads, sink } = walk
  const size = geometry.pageSize * 2 ** order
  const stride = reads.bitStride === 'page' ? geometry.pageSize : size
  const bits = words.length * 32
  const reserve = (calls: Uint32Array) => {
    if (stride === size) sink.blocks(order, start / size, calls)
    else sink.shifted(order, start / geometry.pageSize, calls)
  }
  if (reads.keeps === 'reserve' && !memory.pages(start, start + bits * stride)) {
    for (let bit = nextSet(words, 0); bit < bits; bit = nextSet(words, bit + 1)) {
      if (memory.page(start + bit * stride)) continue
      reserve(upTo(words, bit))
      return false
    }
  }
  reserve(words)
  return true
}

/** What one question of memblock_free_pages() takes: the tables on the way, and the answer. */
export interface LookUp {
  /** As far as there are tables; the last step is the bit where they lead down to it. */
  steps: TrackerStep[]
  skipped: boolean
}

/** Asks a tree of pages for an address. @throws Halt where the kernel faults, or the dump lacks a table */
export function lookUpTable(memory: ReaderMemory, root: number, geometry: Geometry, address: number): LookUp {
  const { pageSize, tableEntries, bitmapBits } = geometry
  const page = Math.floor(address / pageSize)
  const steps: TrackerStep[] = []
  let table = tableOf(root, geometry)
  for (let level = TABLE_LEVELS; level > 1 && table !== 0; level--) {
    const slot = Math.floor(page / levelBlocks(geometry, level)) % tableEntries
    steps.push({ node: nodePath(table), slot, bit: null })
    table = tableOf(memory.u64(table + slot * WORD), geometry)
  }
  if (table === 0) return { steps, skipped: false }
  const bit = page % bitmapBits
  steps.push({ node: nodePath(table), slot: null, bit })
  const word = memory.read(table + Math.floor(bit / 8), 1)[0]!
  return { steps, skipped: ((word >>> (bit % 8)) & 1) === 1 }
}
