import { defineStruct } from './struct.js'

const SOURCE = 'kernel/kexec_handover.c'

/** Begins a chunk page of the list of bitmaps, patch v5 to 7.0. */
export const KHOSER_MEM_CHUNK = defineStruct('khoser_mem_chunk', {
  since: 'patch v5, March 2025',
  source: SOURCE,
  size: 16,
  fields: [
    { name: 'next', type: 'addr', offset: 0, doc: 'next chunk, 0 at the end' },
    { name: 'order', type: 'u32', offset: 8, doc: 'order of every bit in this chunk' },
    { name: 'numElms', type: 'u32', offset: 12, doc: 'entries in use' },
  ],
})

/** One entry of a chunk. */
export const KHOSER_MEM_BITMAP_PTR = defineStruct('khoser_mem_bitmap_ptr', {
  since: 'patch v5, March 2025',
  source: SOURCE,
  size: 16,
  fields: [
    { name: 'physStart', type: 'addr', offset: 0, doc: 'address that bit 0 stands for' },
    { name: 'bitmap', type: 'addr', offset: 8, doc: 'the bitmap' },
  ],
})

/** Begins a chunk of the `sketch`: another order of fields. Mail of 12 February 2025. */
export const SKETCH_CHUNK = defineStruct('khoser_mem_chunk', {
  since: 'mail of February 2025',
  source: 'mail of 12 February 2025',
  size: 16,
  fields: [
    { name: 'order', type: 'u32', offset: 0, doc: 'order of every bit in this chunk' },
    { name: 'numElms', type: 'u32', offset: 4, doc: 'entries in use' },
    { name: 'next', type: 'addr', offset: 8, doc: 'next chunk, 0 at the end' },
  ],
})

/** Begins a chunk of the list of ranges. Mail of 4 April 2025. */
export const RANGES_CHUNK = defineStruct('khoser_mem_chunk', {
  since: 'mail of April 2025',
  source: 'mail of 4 April 2025',
  size: 16,
  fields: [
    { name: 'next', type: 'addr', offset: 0, doc: 'next chunk, 0 at the end' },
    { name: 'numRanges', type: 'u64', offset: 8, doc: 'ranges in use' },
  ],
})

/** One range of such a chunk. */
export const RANGES_RANGE = defineStruct('khoser_mem_range', {
  since: 'mail of April 2025',
  source: 'mail of 4 April 2025',
  size: 24,
  fields: [
    { name: 'start', type: 'addr', offset: 0, doc: 'first byte' },
    { name: 'size', type: 'u64', offset: 8, doc: 'bytes' },
    { name: 'data', type: 'u64', offset: 16, doc: 'reserved, written as 0' },
  ],
})
