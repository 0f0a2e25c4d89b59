import type { FdtNodeSpec, FdtPropertySpec } from '../fdt/index.js'
import type { MemoryBuilder } from '../memory/memory-builder.js'
import type { PageSet } from '../pages/page-set.js'
import type { MapPlace, TrackerOptions, TrackerRoot } from './place.js'

/** What a writer did, counted as it did it. */
export interface WriterCounts {
  /** Pages and smaller objects that were asked of the page or slab allocator. */
  allocations: number
  /** Bytes of bitmaps and tables, while the kernel runs. */
  bytesAtRest: number
  /** Bytes that only the running kernel's index over them takes (xarray nodes), and that are not handed over. */
  indexBytes: number
  /** Slots of tables, or of xarray nodes, that were looked at to find the place of a bit. */
  steps: number
  /** Bytes allocated when the state is serialised. */
  finalizeBytes: number
  /** Bytes written then that were in memory already in another form. */
  copiedBytes: number
}

/** A tracker under construction, fed in the kernel's own terms. */
export interface TrackerWriter {
  /** Marks the block of `order` at `address`, a multiple of its size. */
  preserve(address: number, order: number): void
  /** Takes the mark away; false where there was none. Pages of the tracker stay. */
  unpreserve(address: number, order: number): boolean
  /** The same as `preserve` for each block in ascending order of keys, a bitmap at a time. */
  preserveAll(pages: PageSet): void
  /** Serialises what the format keeps in another form until then, and says where the tracker begins. */
  finish(): TrackerRoot
  readonly counts: WriterCounts
}

/** What a root FDT gets so that a reader finds the tracker. */
export interface TrackerAttachment {
  properties: FdtPropertySpec[]
  children: FdtNodeSpec[]
}

/** How a format is written. */
export interface TrackerEncoder {
  /** Why a set cannot be said in this format, or null where it can. */
  refuse(pages: PageSet, options: TrackerOptions): string | null
  createWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter
  /** Names a written tracker where a layout has it. */
  attach(root: TrackerRoot, place: MapPlace): TrackerAttachment
}

/** Counts of a writer that has done nothing. */
export function noCounts(): WriterCounts {
  return { allocations: 0, bytesAtRest: 0, indexBytes: 0, steps: 0, finalizeBytes: 0, copiedBytes: 0 }
}
