import { checkHandoffSize, checkScratchArrayPlace } from '../checks/handoff.js'
import { family, MERGED } from './define.js'

/** How the next kernel is told where the state is. */
export const HANDOFF_RULES = family('handoff', [
  {
    id: 'HANDOFF-FDT-SIZE',
    severity: 'error',
    title: 'the length that the next kernel is told is one page, and covers the root FDT',
    explanation:
      'The record (x86 setup_data, or /chosen) gives the length of the root FDT. The reader maps that much and then follows totalsize without comparing the two. From 6.16 on writers say one page; another length that is large enough is odd, and no more (a warning).',
    applies: `${MERGED}; x86 setup_data and device trees`,
    kernel: 'reads past what it mapped, without a check',
    source: 'setup_kho() and add_kho(): arch/x86/kernel; early_init_dt_check_kho(): drivers/of/fdt.c',
    effect: 'silent',
    check: checkHandoffSize,
  },
  {
    id: 'HANDOFF-SCRATCH-PLACE',
    severity: 'warning',
    title: 'the scratch array lies inside a scratch area',
    explanation:
      'Kexec puts its segments into scratch, the array among them. An array elsewhere may be overwritten before it is read. It is not believed here either: --scratch ADDR+LENGTH insists on it.',
    applies: `${MERGED}, patch v5`,
    kernel: 'reads the array where it is told to, without a check',
    source: 'kho_fill_kimage(), kho_locate_mem_hole(), kho_populate()',
    effect: 'none',
    check: checkScratchArrayPlace,
  },
])
