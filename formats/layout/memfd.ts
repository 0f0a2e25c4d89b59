import { defineStruct } from './struct.js'
import { KHO_VMALLOC } from './vmalloc.js'

const SOURCE = 'include/linux/kho/abi/memfd.h'

/** What the file handler `memfd-v1` hands over. */
export const MEMFD_LUO_SER_V1 = defineStruct('memfd_luo_ser', {
  since: '6.19',
  source: SOURCE,
  size: 40,
  fields: [
    { name: 'pos', type: 'u64', offset: 0, doc: 'file position' },
    { name: 'size', type: 'u64', offset: 8, doc: 'file size in bytes' },
    { name: 'nrFolios', type: 'u64', offset: 16, doc: 'entries of the folio list' },
    { name: 'folios', type: KHO_VMALLOC, offset: 24, doc: 'the folio list' },
  ],
})

/** What the file handler `memfd-v2` hands over: seals came with it. */
export const MEMFD_LUO_SER_V2 = defineStruct('memfd_luo_ser', {
  since: '7.0 or 7.1',
  source: SOURCE,
  size: 48,
  fields: [
    { name: 'pos', type: 'u64', offset: 0, doc: 'file position' },
    { name: 'size', type: 'u64', offset: 8, doc: 'file size in bytes' },
    { name: 'seals', type: 'u32', offset: 16, doc: 'F_SEAL_ mask; a reader refuses more than 0x3f' },
    { name: 'flags', type: 'u32', offset: 20, doc: 'written as 0' },
    { name: 'nrFolios', type: 'u64', offset: 24, doc: 'entries of the folio list' },
    { name: 'folios', type: KHO_VMALLOC, offset: 32, doc: 'the folio list' },
  ],
})

/** One folio of a memfd. A list of them is read with typed arrays, not with this. */
export const MEMFD_LUO_FOLIO_SER = defineStruct('memfd_luo_folio_ser', {
  since: '6.19',
  source: SOURCE,
  size: 16,
  fields: [
    {
      name: 'word',
      type: 'u64',
      offset: 0,
      doc: 'page frame number and flags',
      bits: [
        { name: 'pfn', shift: 0, width: 52, doc: 'head page; 0 is a hole' },
        { name: 'flags', shift: 52, width: 12, doc: 'bit 0 dirty, bit 1 up to date' },
      ],
    },
    { name: 'index', type: 'u64', offset: 8, doc: 'page offset in the file' },
  ],
})

/** Flags of a folio. */
export const MEMFD_FOLIO_DIRTY = 1
export const MEMFD_FOLIO_UPTODATE = 2
/** Seals that a reader takes: all F_SEAL_ bits up to F_SEAL_EXEC. */
export const MEMFD_SEALS_KNOWN = 0x3f
