// Made from layouts/tmpfs.yaml by `npm run layouts`.
import type { LayoutFile } from '../layout-file.js'

/** tmpfs preservation, branch of September 2026 */
export const TMPFS: LayoutFile = {
  title: 'tmpfs mounts and the files in them',
  posted: { series: 'tmpfs preservation, branch of September 2026', date: '2026-09' },
  handlers: { 'tmpfs-mnt-v1': ['tmpfs_mnt_ser'], 'tmpfs-file-v1': ['tmpfs_file_ser'] },
  structs: {
    tmpfs_mnt_ser: {
      size: 16,
      fields: {
        max_blocks: { at: 0, type: 'u64', show: 'count' },
        mode: { at: 8, type: 'u32', show: 'hex' },
        flags: { at: 12, type: 'u32' },
      },
    },
    tmpfs_file_ser: {
      size: 312,
      content: { folios: 'folios', index: 'index', size: 'size', uptodate: 'uptodate' },
      fields: {
        mnt_token: { at: 0, type: 'u64', show: 'token', doc: 'token of the mount in the same session' },
        pos: { at: 8, type: 'u64', show: 'count', doc: 'file position' },
        size: { at: 16, type: 'u64', show: 'size', doc: 'bytes of the file' },
        mode: { at: 24, type: 'u32', show: 'hex' },
        flags: { at: 28, type: 'u32' },
        nr_folios: { at: 32, type: 'u64', show: 'count', doc: 'entries of the list' },
        folios: { at: 40, type: 'kho_vmalloc', to: { vmalloc: 'tmpfs_folio_ser', count: 'nr_folios' } },
        name: { at: 56, type: 'chars[256]' },
      },
    },
    tmpfs_folio_ser: {
      doc: "as a memfd's",
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
