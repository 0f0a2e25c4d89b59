import type { KernelRow } from './kernel.js'
import { V6_18 } from './v6.18.js'

/** Linux 6.19: the live update orchestrator, and a root FDT that is changed in place. kernel/liveupdate/, dd03dd60e8cd. */
export const V6_19 = {
  ...V6_18,
  name: '6.19',
  uname: '6.19.0',
  changes: [
    { what: 'LUO, with memfds', commit: '9e2fd062fa17' },
    { what: 'the map pointer is checked in kho_populate()', commit: 'eda79a683a0a' },
  ],
  users: { ...V6_18.users, luo: { version: 'luo-v1', form: 'fdt', flbs: false }, memfd: 1 },
  writes: { ...V6_18.writes, root: 'live', busyAfterFinalize: false, unpreserve: true },
  reads: {
    ...V6_18.reads,
    mapChecked: 'populate',
    restoresFdt: false,
    overrunsFullChunks: false,
    saysTestFailed: true,
  },
  boot: { ...V6_18.boot, finalize: 'reboot' },
} as const satisfies KernelRow
