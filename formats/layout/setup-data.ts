import { defineStruct } from './struct.js'

const SOURCE = 'arch/x86/include/uapi/asm/setup_data.h'

/** What the next x86-64 kernel is told, 6.16 to 7.2. */
export const KHO_DATA = defineStruct('kho_data', {
  since: 'patch v4, February 2025',
  source: SOURCE,
  size: 32,
  fields: [
    { name: 'fdtAddr', type: 'addr', offset: 0, doc: 'root FDT' },
    { name: 'fdtSize', type: 'u64', offset: 8, doc: 'one page' },
    { name: 'scratchAddr', type: 'addr', offset: 16, doc: 'array of scratch areas' },
    { name: 'scratchSize', type: 'u64', offset: 24, doc: 'bytes of that array' },
  ],
})

/** The same of patches v2 and v3, with one scratch area and a mem cache. */
export const KHO_DATA_GRAF = defineStruct('kho_data', {
  since: 'patch v2, December 2023',
  source: SOURCE,
  size: 48,
  fields: [
    { name: 'dtAddr', type: 'addr', offset: 0, doc: 'root FDT' },
    { name: 'dtSize', type: 'u64', offset: 8, doc: 'bytes of the FDT' },
    { name: 'scratchAddr', type: 'addr', offset: 16, doc: 'the scratch area' },
    { name: 'scratchSize', type: 'u64', offset: 24, doc: 'bytes of the scratch area' },
    { name: 'memCacheAddr', type: 'addr', offset: 32, doc: 'array of struct kho_mem' },
    { name: 'memCacheSize', type: 'u64', offset: 40, doc: 'bytes of that array' },
  ],
})

/** Begins a record of x86 boot data; type 10 is KHO's. */
export const SETUP_DATA_HEADER = defineStruct('setup_data', {
  since: '2.6.26',
  source: SOURCE,
  size: 16,
  fields: [
    { name: 'next', type: 'addr', offset: 0, doc: 'next record, 0 at the end' },
    { name: 'type', type: 'u32', offset: 8, doc: '10 is SETUP_KEXEC_KHO' },
    { name: 'len', type: 'u32', offset: 12, doc: 'bytes of data that follow' },
  ],
})

/** A KHO record whole, as 6.16 to 7.2 write it. */
export const SETUP_DATA_KHO = defineStruct('setup_data', {
  since: 'patch v4, February 2025',
  source: SOURCE,
  size: 48,
  fields: [
    { name: 'header', type: SETUP_DATA_HEADER, offset: 0, doc: 'next, type and length' },
    { name: 'data', type: KHO_DATA, offset: 16, doc: 'where the hand-over is' },
  ],
})

/** A KHO record whole, of patches v2 and v3. */
export const SETUP_DATA_KHO_GRAF = defineStruct('setup_data', {
  since: 'patch v2, December 2023',
  source: SOURCE,
  size: 64,
  fields: [
    { name: 'header', type: SETUP_DATA_HEADER, offset: 0, doc: 'next, type and length' },
    { name: 'data', type: KHO_DATA_GRAF, offset: 16, doc: 'where the hand-over is' },
  ],
})
