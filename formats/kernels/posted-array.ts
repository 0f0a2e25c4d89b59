import type { KernelRow } from './kernel.js'
import { V6_17 } from './v6.17.js'

/** RFC of 9 September 2025 (Yadav) on 6.17-rc: an array of pointers to bitmaps. */
export const POSTED_ARRAY = {
  ...V6_17,
  name: 'array',
  posting: 'RFC of September 2025',
  uname: '6.17.0-rc5',
  layout: { ...V6_17.layout, name: 'array', tracker: 'kho-array', bitmap: null },
  reads: null,
  boot: null,
} as const satisfies KernelRow
