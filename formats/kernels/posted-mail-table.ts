import type { KernelRow } from './kernel.js'
import { POSTED_V5 } from './posted-v5.js'
import { POSTED_V5_TABLE } from './posted-v5-table.js'

/**
 * Mail of 27 March 2025 (Yadav) on v5: one table tree of pages without orders. It names no property: this one is ours, so
 * that the tree is not taken for the list of v5 or for the trees of the patch that followed.
 */
export const POSTED_MAIL_TABLE = {
  ...POSTED_V5_TABLE,
  name: 'mail-table',
  posting: 'mail of March 2025',
  layout: {
    ...POSTED_V5_TABLE.layout,
    name: 'mail-table',
    tracker: 'mail-table',
    map: { node: 'preserved-memory', property: 'table' },
  },
  reads: {
    ...POSTED_V5_TABLE.reads,
    bitStride: 'block',
    marker: 'none',
    keeps: 'skip',
    assumes: 'what the mail does not say of the kernel that reads is as in patch v5',
  },
  writes: { ...POSTED_V5.writes, split: 'greedy', knowsOrders: false, unpreserve: false },
} as const satisfies KernelRow
