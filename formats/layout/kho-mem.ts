import { defineStruct } from './struct.js'

/** One entry of a `mem` property: memory that a node of the early series preserves. */
export const KHO_MEM = defineStruct('kho_mem', {
  since: 'patch v2, December 2023',
  source: 'include/linux/kexec_handover.h, patch v4',
  size: 16,
  fields: [
    { name: 'addr', type: 'addr', offset: 0, doc: 'first byte' },
    { name: 'size', type: 'u64', offset: 8, doc: 'bytes' },
  ],
})

/** One scratch area. */
export const KHO_SCRATCH = defineStruct('kho_scratch', {
  since: 'patch v5, March 2025',
  source: 'include/linux/kexec_handover.h',
  size: 16,
  fields: [
    { name: 'addr', type: 'addr', offset: 0, doc: 'first byte' },
    { name: 'size', type: 'u64', offset: 8, doc: 'bytes; 0 is an area that was left out' },
  ],
})
