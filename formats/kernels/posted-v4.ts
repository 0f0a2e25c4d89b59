import type { KernelRow } from './kernel.js'
import { POSTED_V5 } from './posted-v5.js'

/** Patch v4 of 6 February 2025 (Rapoport): arrays of ranges in the nodes that they belong to. */
export const POSTED_V4 = {
  ...POSTED_V5,
  name: 'v4',
  posting: 'patch v4, February 2025',
  uname: '6.14.0-rc1',
  layout: {
    ...POSTED_V5.layout,
    name: 'mem4',
    tracker: 'mem-array',
    map: { node: null, property: 'mem' },
    bitmap: null,
  },
  users: { ...POSTED_V5.users, memblock: 'mem-node' },
  writes: { ...POSTED_V5.writes, split: 'greedy', knowsOrders: false, unpreserve: false },
  reads: null,
} as const satisfies KernelRow
