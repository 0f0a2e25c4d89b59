import type { KernelRow } from './kernel.js'
import { V7_0 } from './v7.0.js'

/** Radix series v3 to v9, up to February 2026: development trees only. */
export const POSTED_KHO_V2 = {
  ...V7_0,
  name: 'kho-v2',
  posting: 'radix series v3 to v9, development trees',
  uname: '7.0.0-rc1',
  layout: {
    ...V7_0.layout,
    name: 'kho-v2',
    compatible: 'kho-v2',
    tracker: 'radix-tree',
    bitmap: null,
    depth: 'short',
    blobProperty: 'preserved-data',
    mapZeroUntilFinalize: false,
    mapFrozen: false,
  },
  writes: { ...V7_0.writes, finalize: false },
  boot: null,
} as const satisfies KernelRow
