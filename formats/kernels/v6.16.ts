import type { KernelRow } from './kernel.js'

/**
 * Linux 6.16, the first with KHO. kernel/kexec_handover.c as merged (00c010e130e5 and before), from patch v8 of 9 May
 * 2025.
 */
export const V6_16 = {
  name: '6.16',
  posting: null,
  uname: '6.16.0',
  changes: [],
  layout: {
    name: 'kho-v1-512',
    compatible: 'kho-v1',
    tracker: 'chunk-list',
    map: { node: null, property: 'preserved-memory-map' },
    bitmap: 512,
    depth: null,
    blobProperty: 'fdt',
    blobSize: false,
    fdtPreserved: true,
    mapZeroUntilFinalize: true,
    mapFrozen: true,
  },
  users: {
    memblock: 'blob',
    khoTest: 'array',
    kexecMetadata: false,
    luo: null,
    memfd: null,
    vmalloc: false,
  },
  writes: {
    root: 'notifier',
    finalize: true,
    busyAfterFinalize: true,
    split: 'greedy',
    zeroOrder: -1,
    splitAtNodes: false,
    takesBytes: true,
    refusesUnaligned: true,
    checksScratch: false,
    refusesWideKeys: false,
    maxOrder: Number.POSITIVE_INFINITY,
    knowsOrders: true,
    unpreserve: false,
  },
  reads: {
    checksCompatible: true,
    mapChecked: 'deserialize',
    emptyScratch: 'rejected',
    intSize: true,
    marker: 'order',
    maxOrder: true,
    restoresFdt: true,
    overrunsFullChunks: false,
    extendsScratch: null,
    kdumpReturnsEarly: false,
  },
  boot: {
    jumpSymbol: 'machine_kexec',
    earlySymbol: 'kho_memory_init',
    finalize: 'debugfs',
    scratchParameters: ['kho_scratch'],
    scratchFiles: { addresses: 'scratch_phys', lengths: 'scratch_len' },
    reservers: ['kho_mem_deserialize', 'deserialize_bitmap', 'kho_memory_init'],
  },
} as const satisfies KernelRow
