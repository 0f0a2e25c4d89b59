import type { KernelRow } from './kernel.js'
import { V7_0 } from './v7.0.js'

/** Linux 7.1: a radix tree that is always valid, and nothing to finalize. */
export const V7_1 = {
  ...V7_0,
  name: '7.1',
  uname: '7.1.0',
  changes: [
    { what: 'radix tree, preserved-data and blob-size, kho-v3', commit: '9d87d0fc8c8e' },
    { what: 'kexec-metadata', commit: '9d87d0fc8c8e' },
    { what: 'preservations do not span NUMA nodes', commit: '91e74fa8b1bc' },
  ],
  layout: {
    ...V7_0.layout,
    name: 'kho-v3',
    compatible: 'kho-v3',
    tracker: 'radix-tree',
    bitmap: null,
    depth: 'either',
    blobProperty: 'preserved-data',
    blobSize: true,
    mapZeroUntilFinalize: false,
    mapFrozen: false,
  },
  users: { ...V7_0.users, kexecMetadata: true, memfd: 2 },
  writes: { ...V7_0.writes, finalize: false, splitAtNodes: true },
  reads: { ...V7_0.reads, maxOrder: false, readsFdtSizes: false },
  boot: { ...V7_0.boot, finalize: null },
} as const satisfies KernelRow
