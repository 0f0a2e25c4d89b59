import type { KernelRow } from './kernel.js'
import { V7_1 } from './v7.1.js'

/** Linux 7.2: LUO as structures in blocks, under a new root string. Read in 7.2.13. */
export const V7_2 = {
  ...V7_1,
  name: '7.2',
  uname: '7.2.0',
  changes: [
    { what: 'LUO as a struct and KHO blocks, kho-v4', commit: '247cc07a2c35' },
    { what: 'sizes of blocks are computed in unsigned long', commit: '3a0b8fa2eb36' },
  ],
  layout: { ...V7_1.layout, name: 'kho-v4', compatible: 'kho-v4', depth: 'full' },
  users: { ...V7_1.users, luo: { version: 'luo-v5', form: 'struct', flbs: true } },
  writes: { ...V7_1.writes, zeroOrder: 64 },
  reads: {
    ...V7_1.reads,
    intSize: false,
    alignedBlocks: true,
    takesPageZero: true,
    scratchTypes: 'first-page',
  },
  boot: { ...V7_1.boot, reservers: ['kho_preserved_memory_reserve'] },
} as const satisfies KernelRow
