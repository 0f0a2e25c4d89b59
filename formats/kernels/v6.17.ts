import type { KernelRow } from './kernel.js'
import { V6_16 } from './v6.16.js'

/** Linux 6.17 to 6.17.8: 6.16 in all that shows. */
export const V6_17 = { ...V6_16, name: '6.17', uname: '6.17.0' } as const satisfies KernelRow
