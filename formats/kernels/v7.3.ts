import type { KernelRow } from './kernel.js'
import { V7_2 } from './v7.2.js'

/** Linux 7.3: every byte is 7.2's; early boot is not. kernel/liveupdate/kexec_handover.c of 7.3.4, lines 995 and 1901. */
export const V7_3 = {
  ...V7_2,
  name: '7.3',
  uname: '7.3.0',
  changes: [
    { what: 'the map is walked in kho_memory_init_early(), and scratch extended', commit: '14773e2aa4c5' },
    { what: 'keys wider than the tree are refused', commit: '955409ba5715' },
  ],
  writes: { ...V7_2.writes, refusesWideKeys: true },
  reads: {
    ...V7_2.reads,
    extendsScratch: 2 ** 30,
    takesPageZero: false,
    scratchTypes: 'overlap',
    takesUnalignedScratch: false,
  },
  boot: { ...V7_2.boot, earlySymbol: 'kho_memory_init_early' },
} as const satisfies KernelRow
