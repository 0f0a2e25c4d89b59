import type { KernelRow } from './kernel.js'
import { POSTED_V5 } from './posted-v5.js'

/** Patch of 3 April 2025 (Yadav) on v5: a page-table-like tree for each order, in place of the list. */
export const POSTED_V5_TABLE = {
  ...POSTED_V5,
  name: 'v5-table',
  posting: 'patch of April 2025 on v5',
  layout: {
    ...POSTED_V5.layout,
    name: 'v5-table',
    tracker: 'page-table',
    map: { ...POSTED_V5.layout.map, perOrder: true },
    bitmap: null,
    mapFrozen: false,
  },
  writes: { ...POSTED_V5.writes, maxOrder: 10 },
  reads: {
    ...POSTED_V5.reads,
    intSize: false,
    reservesTracker: false,
    // khomem_walk_l1() adds i * PAGE_SIZE for bit i, which is right for order 0 only.
    bitStride: 'page',
  },
} as const satisfies KernelRow
