import type { KernelRow } from './kernel.js'
import { POSTED_V5 } from './posted-v5.js'

/** Mail of 4 April 2025 (Rapoport): a chunk list of ranges. It was compiled, never run. */
export const POSTED_RANGES = {
  ...POSTED_V5,
  name: 'ranges',
  posting: 'mail of April 2025',
  layout: { ...POSTED_V5.layout, name: 'ranges', tracker: 'range-list', bitmap: null },
  writes: { ...POSTED_V5.writes, split: 'greedy', knowsOrders: false, unpreserve: false },
  reads: null,
} as const satisfies KernelRow
