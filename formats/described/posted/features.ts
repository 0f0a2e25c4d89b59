// Made from layouts/features.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** [RFC PATCH 0/3] liveupdate: Move to feature flags for LUO and memfd ABI compatibility */
export const FEATURES: LayoutFile = {
  title: 'memfds whose format is told by feature flags',
  posted: {
    series: '[RFC PATCH 0/3] liveupdate: Move to feature flags for LUO and memfd ABI compatibility',
    date: '2026-09-28',
  },
  handlers: { memfd: ['memfd_luo_ser_flags'] },
  structs: {
    luo_feature_hdr: {
      doc: 'what the writer knows, what a reader must know, and what is in use',
      size: 128,
      fields: {
        supp: { at: 0, type: 'u64', bits: { seals: [0, 1], folios: [1, 1] } },
        req: { at: 8, type: 'u64', bits: { seals: [0, 1], folios: [1, 1] } },
        active: { at: 16, type: 'u64', bits: { seals: [0, 1], folios: [1, 1] } },
        reserved: { at: 24, type: 'bytes[104]' },
      },
    },
    memfd_luo_ser_flags: {
      size: 176,
      content: { folios: 'folios', index: 'index', size: 'size', uptodate: 'uptodate' },
      fields: {
        features: { at: 0, type: 'luo_feature_hdr' },
        pos: { at: 128, type: 'u64', show: 'count', doc: 'file position' },
        size: { at: 136, type: 'u64', show: 'size', doc: 'bytes of the file' },
        seals: { at: 144, type: 'u32', show: 'hex', doc: 'F_SEAL_ mask' },
        flags: { at: 148, type: 'u32', show: 'hex' },
        nr_folios: { at: 152, type: 'u64', show: 'count', doc: 'entries of the list' },
        folios: { at: 160, type: 'kho_vmalloc', to: { vmalloc: 'memfd_luo_folio_ser', count: 'nr_folios' } },
      },
    },
    memfd_luo_folio_ser: {
      size: 16,
      fields: {
        folio: {
          at: 0,
          type: 'u64',
          bits: { pfn: [0, 52], dirty: [52, 1], uptodate: [53, 1] },
          to: { folio: 'pfn' },
        },
        index: { at: 8, type: 'u64', show: 'count', doc: 'page offset in the file' },
      },
    },
  },
}
