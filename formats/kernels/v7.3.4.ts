import type { KernelRow } from './kernel.js'
import { V7_3 } from './v7.3.js'

/** Linux 7.3.4: a kdump kernel leaves KHO alone. */
export const V7_3_4 = {
  ...V7_3,
  name: '7.3.4',
  uname: '7.3.4',
  changes: [{ what: 'no scratch, and no map read, in the kdump kernel', commit: '48be325089e1' }],
  reads: { ...V7_3.reads, kdumpReturnsEarly: true },
} as const satisfies KernelRow
