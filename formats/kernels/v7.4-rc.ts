import type { KernelRow } from './kernel.js'
import { V7_3_4 } from './v7.3.4.js'

/** Linux 7.4-rc1: scratch is called boot memory. From the merge of liveupdate-v7.4-rc1, 126ad898a6e9. */
export const V7_4_RC = {
  ...V7_3_4,
  name: '7.4-rc',
  uname: '7.4.0-rc1',
  changes: [{ what: 'scratch renamed to bootmem: parameter, debugfs, messages', commit: '8ebd2eb87f50' }],
  boot: {
    ...V7_3_4.boot,
    scratchParameters: ['kho_bootmem', 'kho_scratch'],
  },
} as const satisfies KernelRow
