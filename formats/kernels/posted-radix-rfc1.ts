import type { KernelRow } from './kernel.js'
import { V6_18 } from './v6.18.js'

/** Radix series v1 of 30 September 2025 (Miu). */
export const POSTED_RADIX_RFC1 = {
  ...V6_18,
  name: 'radix-rfc1',
  posting: 'radix series v1, September 2025',
  uname: '6.17.0-rc7',
  layout: {
    ...V6_18.layout,
    name: 'radix-rfc1',
    tracker: 'radix-tree',
    map: { node: null, property: 'preserved-page-radix-tree' },
    bitmap: null,
    depth: 'full',
    mapZeroUntilFinalize: false,
    mapFrozen: false,
  },
  // "Make KHO stateless": the root FDT is there from boot on, and nothing is left to finalize.
  writes: { ...V6_18.writes, root: 'live', finalize: false },
  reads: null,
  boot: null,
} as const satisfies KernelRow
