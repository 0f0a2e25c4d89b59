// Made from layouts/hugetlb.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** [RFC PATCH] hugetlb: live update support */
export const HUGETLB: LayoutFile = {
  title: 'huge pages and files of them',
  posted: { series: '[RFC PATCH] hugetlb: live update support', date: '2025-12' },
  flbs: { 'hugetlb-v1': ['hugetlb_ser'] },
  handlers: { 'huge-memfd-v1': ['huge_memfd_ser'] },
  structs: {
    hugetlb_hstate_ser: {
      size: 9,
      fields: {
        nr_pages: { at: 0, type: 'u64', show: 'count', doc: 'preserved pages of this size' },
        order: { at: 8, type: 'u8', doc: 'of a page' },
      },
    },
    hugetlb_ser: {
      size: 37,
      fields: {
        hstate0: { at: 0, type: 'hugetlb_hstate_ser' },
        hstate1: { at: 9, type: 'hugetlb_hstate_ser' },
        hstate2: { at: 18, type: 'hugetlb_hstate_ser' },
        hstate3: { at: 27, type: 'hugetlb_hstate_ser' },
        nr_hstates: { at: 36, type: 'u8', doc: 'how many of them count' },
      },
    },
    huge_memfd_ser: {
      size: 41,
      content: { folios: 'folios', index: 'index', size: 'size' },
      fields: {
        size: { at: 0, type: 'u64', show: 'size', doc: 'bytes of the file' },
        pos: { at: 8, type: 'u64', show: 'count', doc: 'file position' },
        nr_folios: { at: 16, type: 'u64', show: 'count', doc: 'entries of the list' },
        folios: { at: 24, type: 'kho_vmalloc', to: { vmalloc: 'huge_folio_ser', count: 'nr_folios' } },
        order: { at: 40, type: 'u8', doc: 'of each folio' },
      },
    },
    huge_folio_ser: {
      size: 16,
      fields: {
        folio: { at: 0, type: 'u64', bits: { pfn: [0, 52], reserved: [52, 12] }, to: { folio: 'pfn' } },
        index: { at: 8, type: 'u64', show: 'count', doc: 'page offset in the file' },
      },
    },
  },
}
