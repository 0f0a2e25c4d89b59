import { defineStruct } from './struct.js'

const SINCE = 'RFC of September 2025'
const SOURCE = 'include/linux/kho_array.h, RFC of September 2025'

/** What the root's map property points to in the KHO array series. */
export const KHO_ARRAY = defineStruct('kho_array', {
  since: SINCE,
  source: SOURCE,
  size: 16,
  fields: [
    { name: 'magic', type: 'u32', offset: 0, doc: '0x4b415252' },
    { name: 'version', type: 'u16', offset: 4, doc: '0' },
    { name: 'reserved', type: 'u16', offset: 6, doc: '0' },
    { name: 'first', type: 'addr', offset: 8, doc: 'first page of entries' },
  ],
})

/** Begins a page of entries. */
export const KHO_ARRAY_PAGE = defineStruct('kho_array_page', {
  since: SINCE,
  source: SOURCE,
  size: 16,
  fields: [
    { name: 'next', type: 'addr', offset: 0, doc: 'next page, 0 at the end' },
    { name: 'startpos', type: 'u64', offset: 8, doc: 'index of the first entry' },
  ],
})

/** What an entry points to (by kernel virtual address) in the memory map. */
export const KHO_ARRAY_ELEMENT = defineStruct('kho_mem_phys_elm', {
  since: SINCE,
  source: SOURCE,
  size: 24,
  fields: [
    { name: 'physStart', type: 'addr', offset: 0, doc: 'address that bit 0 stands for' },
    { name: 'order', type: 'u32', offset: 8, doc: 'order of every bit' },
    { name: 'reserved', type: 'u32', offset: 12, doc: '0' },
    { name: 'bitmap', type: 'addr', offset: 16, doc: 'the bitmap, 512 bytes' },
  ],
})

/** `KARR` as a number. */
export const KHO_ARRAY_MAGIC = 0x4b415252
