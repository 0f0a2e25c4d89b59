import type { KernelRow } from './kernel.js'
import { V6_17 } from './v6.17.js'

/** Linux 6.17.9: bitmaps grew under the same string, in a stable release. */
export const V6_17_9 = {
  ...V6_17,
  name: '6.17.9',
  uname: '6.17.9',
  changes: [{ what: 'metadata bitmaps of one page', commit: 'a2fff99f92da' }],
  layout: { ...V6_17.layout, name: 'kho-v1-page', bitmap: 'page' },
} as const satisfies KernelRow
