import type { KernelRow } from './kernel.js'
import { V6_19 } from './v6.19.js'

/** Linux 7.0: objects bound to files' life cycle. */
export const V7_0 = {
  ...V6_19,
  name: '7.0',
  uname: '7.0.0',
  changes: [{ what: 'FLBs; LUO panics where their node is missing', commit: 'cab056f2aae7' }],
  users: { ...V6_19.users, luo: { ...V6_19.users.luo, flbs: true } },
} as const satisfies KernelRow
