import type { KernelRow } from './kernel.js'
import { V6_16 } from './v6.16.js'

/** Patch v5 of 20 March 2025 (Lyu): users' nodes lie in the root FDT, which is a segment of the kexec image. */
export const POSTED_V5 = {
  ...V6_16,
  name: 'v5',
  posting: 'patch v5, March 2025',
  uname: '6.14.0-rc7',
  layout: {
    ...V6_16.layout,
    name: 'v5',
    map: { node: 'preserved-memory', property: 'metadata' },
    blobProperty: null,
    fdtPreserved: false,
    mapZeroUntilFinalize: false,
  },
  users: { ...V6_16.users, memblock: 'node', khoTest: null },
  writes: {
    ...V6_16.writes,
    root: 'segment',
    split: 'unaligned',
    refusesUnaligned: false,
    unpreserve: true,
  },
  reads: {
    ...V6_16.reads,
    checksCompatible: false,
    emptyScratch: 'reported',
    maxOrder: false,
    restoresFdt: false,
    reservesFdt: true,
    reservesTracker: true,
    restoresCounts: false,
    restoresPhys: true,
    checksPage: false,
    readsFdtSizes: false,
  },
  boot: null,
} as const satisfies KernelRow
