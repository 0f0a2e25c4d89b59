import { KHOSER_MEM_BITMAP_PTR, KHOSER_MEM_CHUNK, SKETCH_CHUNK } from '../../layout/chunk-list.js'
import type { Struct } from '../../layout/field.js'
import { offsetOf } from '../../layout/struct.js'
import type { Geometry } from '../../memory/geometry.js'
import type { TrackerOptions } from '../place.js'

/*
 * struct khoser_mem_chunk, patch v5 to 7.0: one page of { next, order, num_elms } and
 * { phys_start, bitmap } pairs. kernel/kexec_handover.c (6.18), include/linux/kho/abi/kexec_handover.h (7.0).
 */

/** Bytes of a chunk's header, in either order of its words. */
export const CHUNK_HEADER = KHOSER_MEM_CHUNK.size
/** Bytes of an entry. */
export const CHUNK_ELEMENT = KHOSER_MEM_BITMAP_PTR.size
/** Where an entry has its two words. */
export const ELEMENT_START = offsetOf(KHOSER_MEM_BITMAP_PTR, 'physStart')
export const ELEMENT_BITMAP = offsetOf(KHOSER_MEM_BITMAP_PTR, 'bitmap')
/** Bitmap objects up to 6.17.8: kzalloc'ed, 4096 bits, whatever the page size. */
export const SMALL_BITMAP = 512

/** Where a chunk's header has its three words. The sketch in a mail of February 2025 had them in another order. */
export interface ChunkHeader {
  struct: Struct
  next: number
  order: number
  count: number
}

/** Where the kernels that wrote such lists have them. */
export const CHUNK_WORDS: ChunkHeader = {
  struct: KHOSER_MEM_CHUNK,
  next: offsetOf(KHOSER_MEM_CHUNK, 'next'),
  order: offsetOf(KHOSER_MEM_CHUNK, 'order'),
  count: offsetOf(KHOSER_MEM_CHUNK, 'numElms'),
}

const ORDER_FIRST: ChunkHeader = {
  struct: SKETCH_CHUNK,
  next: offsetOf(SKETCH_CHUNK, 'next'),
  order: offsetOf(SKETCH_CHUNK, 'order'),
  count: offsetOf(SKETCH_CHUNK, 'numElms'),
}

/** The header that a layout's chunks have. */
export function chunkHeader({ chunkHeader: kind }: Pick<TrackerOptions, 'chunkHeader'>): ChunkHeader {
  return kind === 'order-first' ? ORDER_FIRST : CHUNK_WORDS
}

/** Bytes of a bitmap where the options do not say: a page. */
export function bitmapBytesOf({ bitmapBytes, geometry }: TrackerOptions): number {
  return bitmapBytes ?? geometry.pageSize
}

/** Entries in one chunk: 255, 1023 or 4095. */
export function chunkCapacity(geometry: Geometry): number {
  return (geometry.pageSize - CHUNK_HEADER) / CHUNK_ELEMENT
}
