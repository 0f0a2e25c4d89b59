import { releases } from '../../../formats/kernels/index.js'
import {
  checkScratchAlignment,
  checkScratchCount,
  checkScratchLength,
  checkScratchMemory,
  checkScratchOverlap,
  checkScratchPageblocks,
  checkScratchRam,
} from '../checks/scratch.js'
import { family, HANDOVER, MERGED } from './define.js'

const RESERVE = `kho_reserve_scratch(): ${HANDOVER}`
const READ = `kho_populate(): ${HANDOVER}`
const SINCE = `${MERGED}, patch v5`

/** Memory that the next kernel boots in. An area of size 0 is legal (da2ce1861626), and never blamed. */
export const SCRATCH_RULES = family('scratch', [
  {
    id: 'SCRATCH-EMPTY',
    severity: 'error',
    title: 'there are scratch areas',
    explanation:
      'The next kernel may use nothing but scratch until it has read the map. Without an area it cannot map the array: from 6.16 on it drops the hand-over, patch v5 goes on without scratch. A kernel that found no memory for scratch has switched KHO off: up to 6.19 a NUMA node without memory was enough for that.',
    applies: SINCE,
    kernel: '"setup: failed to memremap scratch (phys=0x…, len=0)", "disabling KHO revival"',
    source: READ,
    effect: kernel => (kernel.reads.emptyScratch === 'rejected' ? 'rejected' : 'reported'),
    check: checkScratchMemory,
  },
  {
    id: 'SCRATCH-LENGTH',
    severity: 'error',
    title: 'the length of the scratch array is a multiple of 16',
    explanation: 'An area is an address and a size, 16 bytes. A remainder is not read: an area may be lost.',
    applies: SINCE,
    kernel: 'divides by 16 and ignores the rest',
    source: READ,
    effect: 'silent',
    check: checkScratchLength,
  },
  {
    id: 'SCRATCH-UNALIGNED',
    severity: 'error',
    title: 'scratch areas begin and end at pages',
    explanation:
      'An area that is not made of whole pages gives memblock regions that share a page with others. Whole pages of each region are mapped (init_range_memory_mapping()) and given to the allocator, so that one falls out of the direct map: who reads what lies there faults, and where it is the last page of the highest area, so does early boot, which allocates from the top. Else the page is only lost. In 7.2 the pageblock that such an area begins in stays ordinary memory; from 7.3 on the area is given back while it is in use.',
    applies: SINCE,
    kernel: 'hands it to memblock as it is: the pages at its ends are not mapped',
    source: `memblock_add() and memblock_mark_kho_scratch() take bytes: ${READ}`,
    effect: 'none',
    check: checkScratchAlignment,
  },
  {
    id: 'SCRATCH-PAGEBLOCK',
    severity: 'warning',
    title: 'scratch areas are made of whole pageblocks',
    explanation:
      'Scratch is given to the page allocator as CMA, by pageblock. Where an area ends inside one, the allocator may merge its pages with struct pages that are not initialised, and crash. Kernels with 0e39380a7316 (7.2) round all sizes, 797fe91e50d6 (7.2.13) to the largest order.',
    applies: `${releases('6.16', '7.1').text} with explicit sizes in kho_scratch=`,
    kernel: 'no check; with deferred struct page initialisation it may crash later',
    source: RESERVE,
    effect: 'none',
    check: checkScratchPageblocks,
  },
  {
    id: 'SCRATCH-OVERLAP',
    severity: 'error',
    title: 'scratch areas do not overlap',
    explanation: 'Two areas share memory. No writer makes such areas: one entry is damaged.',
    applies: SINCE,
    kernel: 'adds both to memblock, which merges them',
    source: `memblock_add() and memblock_mark_kho_scratch() of each area, without a check: ${READ}`,
    effect: 'none',
    check: checkScratchOverlap,
  },
  {
    id: 'SCRATCH-OUTSIDE-RAM',
    severity: 'warning',
    title: 'scratch areas lie in RAM',
    explanation:
      'An area lies where the list of RAM has none: the entry is damaged, or the list is not complete. The reader takes the array as RAM of its own right and allocates from it.',
    applies: SINCE,
    kernel: 'memblock_add() of the area, whatever the firmware said',
    source: READ,
    effect: 'none',
    check: checkScratchRam,
  },
  {
    id: 'SCRATCH-COUNT',
    severity: 'info',
    title: 'there is an area for low memory, one for anywhere, and one for each NUMA node',
    explanation:
      'A kernel writes at least three entries. Fewer come from another writer. How many nodes have memory the image does not say.',
    applies: SINCE,
    kernel: 'takes any number',
    source: RESERVE,
    effect: 'none',
    check: checkScratchCount,
  },
  {
    id: 'SCRATCH-MEMMAP',
    severity: 'warning',
    title: 'early boot has room for the struct pages of all RAM',
    explanation:
      'Until the map is read a kernel allocates from scratch alone: its struct pages first of all, 64 bytes for each page of RAM, then hash tables and its own data. Up to 7.2 scratch must have that much, and more; from 7.3 on blocks of 1 GiB in which nothing is preserved are opened beside it. kho stat says how much there is. kho_scratch= (7.4: kho_bootmem=) sets the size; the default is 200 % of what this kernel reserved at its own boot.',
    applies: SINCE,
    kernel: '"sparse_init_nid: node[…] memory map backing failed. Some memory will not be available."',
    source: 'sparse_init_nid(): mm/sparse.c',
    effect: 'none',
  },
  {
    id: 'SCRATCH-GIGANTIC',
    severity: 'warning',
    title: 'pages of 1 GiB that the command line asks for find room',
    explanation:
      'hugepagesz=1G hugepages=N are allocated before the map is read. Up to 7.2 they come from scratch, which hardly ever has a whole aligned GiB; from 7.3 on they come from the blocks of 1 GiB that are opened beside scratch, and never from scratch itself. What finds no room is missing after the jump, and the count in /proc/meminfo is smaller. --reader-cmdline says what is asked for.',
    applies: SINCE,
    kernel: '"HugeTLB: allocating … of page size 1.00 GiB failed. Only allocated … hugepages."',
    source: 'hugetlb_hstate_alloc_pages(): mm/hugetlb.c; memblock_alloc_hugetlb(): mm/memblock.c (7.3)',
    effect: 'none',
  },
])
