import { defineStruct } from './struct.js'

/** How LUO's structure says which version it is: as released, by a string with parts, or by feature flags. */
export type LuoForm = 'released' | 'parts' | 'features'

/** The string with parts: alphabetical, the user's own first. */
export const LUO_PARTS_COMPATIBLE = 'luo-v5;block-v1'

/** Bits of the flags that the posting has, all of them in use: number, sessions, FLBs. */
export const LUO_FEATURES_ALL = 7n

/** LUO's blob with a compatible string of two parts, as posted: `luo-v5;block-v1`. */
export const LUO_SER_PARTS = defineStruct('luo_ser', {
  since: 'posted 2026-06-05, not merged',
  source: 'RFC 20260605033235.717351',
  size: 40,
  fields: [
    { name: 'compatible', type: 'chars', offset: 0, length: 16, doc: 'luo-v5;block-v1' },
    { name: 'liveupdateNum', type: 'u64', offset: 16, doc: 'live updates so far, this one included' },
    { name: 'sessionsPa', type: 'addr', offset: 24, doc: 'first block of sessions' },
    { name: 'flbsPa', type: 'addr', offset: 32, doc: 'FLB page' },
  ],
})

const FLAGS = 'RFC "liveupdate: Move to feature flags for LUO and memfd ABI compatibility"'

/** Begins structures whose format is told by feature flags. */
export const LUO_FEATURE_HDR = defineStruct('luo_feature_hdr', {
  since: 'posted 2026-09-28, not merged',
  source: FLAGS,
  size: 128,
  fields: [
    { name: 'supp', type: 'u64', offset: 0, doc: 'what the writer knows' },
    { name: 'req', type: 'u64', offset: 8, doc: 'what a reader must know' },
    { name: 'active', type: 'u64', offset: 16, doc: 'what is in use' },
    { name: 'reserved', type: 'bytes', offset: 24, length: 104, doc: '0' },
  ],
})

/** LUO's blob by feature flags, as posted: bit 0 the number, bit 1 sessions, bit 2 FLBs. */
export const LUO_SER_FLAGS = defineStruct('luo_ser', {
  since: 'posted 2026-09-28, not merged',
  source: FLAGS,
  size: 152,
  fields: [
    { name: 'features', type: LUO_FEATURE_HDR, offset: 0, doc: 'in place of a compatible string' },
    { name: 'liveupdateNum', type: 'u64', offset: 128, doc: 'live updates so far, this one included' },
    { name: 'sessionsPa', type: 'addr', offset: 136, doc: 'first block of sessions' },
    { name: 'flbsPa', type: 'addr', offset: 144, doc: 'FLB page' },
  ],
})
