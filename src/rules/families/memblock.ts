import { checkRegionScratch, checkRegionsAsked, checkRegionsPreserved } from '../checks/memblock.js'
import { family, MERGED } from './define.js'

const COMMON = {
  severity: 'error',
  applies: `reserve_mem= regions: ${MERGED}, patches v4 and v5`,
  source: `reserve_mem_kho_revive(): mm/memblock.c (${MERGED})`,
  effect: 'reported',
} as const

/** Regions of reserve_mem= on the kernel command line. */
export const MEMBLOCK_RULES = family('memblock', [
  {
    ...COMMON,
    id: 'MEMBLOCK-COMPATIBLE',
    title: "compatible strings are memblock's",
    explanation:
      'The blob is not of the version that the reader knows, or one region in it is not. That region is allocated afresh, and what it held is lost.',
    kernel:
      "\"FDT 'memblock' is incompatible with 'memblock-v1': …\", \"Node '…' is incompatible with 'reserve-mem-v1': …\"",
  },
  {
    ...COMMON,
    id: 'MEMBLOCK-REGION',
    title: 'each region has a start and a size',
    explanation:
      'A region lacks `start` or `size`, they are not 8 bytes long, or the size is 0: it is allocated afresh. Or `start` is larger than any address: it is taken from there.',
    kernel: 'takes the region as not handed over, and allocates a new one',
  },
  {
    ...COMMON,
    id: 'MEMBLOCK-UNALIGNED',
    severity: 'warning',
    title: 'regions are made of whole pages',
    explanation:
      'Writers preserve size >> PAGE_SHIFT pages from the page that start lies in. Where start or size is no multiple of a page, the end of the region is not preserved.',
    kernel: 'revives the region; its last bytes may be overwritten',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'MEMBLOCK-NAME',
    severity: 'warning',
    title: 'names of regions have at most 15 bytes',
    explanation: 'A kernel keeps names in 16 bytes, so that no command line can ask for this region.',
    kernel: 'never asks for it',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'MEMBLOCK-COUNT',
    severity: 'warning',
    title: 'there are at most 8 regions',
    explanation: 'A kernel has room for 8 regions. The others cannot be asked for all at once.',
    kernel: 'revives at most 8',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'MEMBLOCK-UNPRESERVED',
    title: 'every page of a region is preserved',
    explanation:
      'A page of the region is not in the map. The reader revives the region all the same, and shares that page with whoever allocates it.',
    kernel: '"Revived memory reservation \'…\' from KHO", over memory that others use too',
    effect: 'silent',
    check: checkRegionsPreserved,
  },
  {
    ...COMMON,
    id: 'MEMBLOCK-IN-SCRATCH',
    severity: 'warning',
    title: 'regions lie outside of scratch',
    explanation:
      'On a kernel that was booted by KHO, memblock allocates from scratch only. A name that is new on its command line gets memory in scratch, which is then preserved there, and overwritten by the next kexec. A hypothesis from reading the code: not seen reported.',
    kernel: 'revives the region after parts of it were overwritten',
    effect: 'silent',
    check: checkRegionScratch,
  },
  {
    ...COMMON,
    id: 'MEMBLOCK-CMDLINE',
    title: 'regions are what the next command line asks for',
    explanation:
      'reserve_mem=SIZE:ALIGN:NAME on the command line of the reader asks for a region by name. It is taken over if the size is exactly the same and the start has the alignment; else it is allocated afresh. A name that was not handed over is a note. Checked where --reader-cmdline is given.',
    kernel: '"KHO reserve-mem \'…\' has wrong size (0x… != 0x…)", "… has wrong alignment", and a new region',
    check: checkRegionsAsked,
  },
])
