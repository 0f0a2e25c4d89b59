// Made from layouts/pstore.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** pstore over KHO */
export const PSTORE: LayoutFile = {
  title: 'a record of pstore',
  posted: { series: 'pstore over KHO', date: '2026-07' },
  children: { 'pstore-kho': ['pstore_kho_ser'] },
  structs: {
    pstore_kho_ser: {
      size: 44,
      fields: {
        version: { at: 0, type: 'u32', is: [1] },
        size: { at: 8, type: 's64', show: 'size', doc: 'bytes of the record, which follows' },
        time_sec: { at: 16, type: 's64' },
        time_nsec: { at: 24, type: 'u32' },
        count: { at: 28, type: 's32' },
        reason: { at: 32, type: 'u32' },
        part: { at: 36, type: 'u32' },
        compressed: { at: 40, type: 'u32' },
      },
    },
  },
}
