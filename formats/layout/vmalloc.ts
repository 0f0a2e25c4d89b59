import { defineStruct } from './struct.js'

/** Descriptor of a preserved vmalloc area, embedded in its user's data. */
export const KHO_VMALLOC = defineStruct('kho_vmalloc', {
  since: '6.18',
  source: 'include/linux/kho/abi/kexec_handover.h',
  size: 16,
  fields: [
    { name: 'first', type: 'addr', offset: 0, doc: 'first chunk page' },
    { name: 'totalPages', type: 'u32', offset: 8, doc: 'order-0 pages in the area' },
    { name: 'flags', type: 'u16', offset: 12, doc: 'bit 0 VM_ALLOC, bit 1 VM_ALLOW_HUGE_VMAP' },
    { name: 'order', type: 'u16', offset: 14, doc: 'each run is 1 << order contiguous pages' },
  ],
})

/** Begins a chunk page; addresses of runs fill the rest of the page, up to the first 0. */
export const KHO_VMALLOC_CHUNK = defineStruct('kho_vmalloc_chunk', {
  since: '6.18',
  source: 'include/linux/kho/abi/kexec_handover.h',
  size: 8,
  fields: [{ name: 'next', type: 'addr', offset: 0, doc: 'next chunk page, 0 at the end' }],
})

/** KHO's own numbers for the flags of an area; not the kernel's VM_ constants. */
export const KHO_VMALLOC_ALLOC = 1
export const KHO_VMALLOC_HUGE_VMAP = 2
