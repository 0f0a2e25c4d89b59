import { since } from '../../../formats/kernels/index.js'
import { checkFullChunks, checkVmallocRestore, checkVmallocSteps } from '../checks/vmalloc.js'
import { absent, family, VMALLOC_ALL, whereVmalloc } from './define.js'

const COMMON = {
  severity: 'error',
  applies: VMALLOC_ALL,
  source: `kho_restore_vmalloc(): kernel/kexec_handover.c (6.18), kernel/liveupdate/kexec_handover.c (${since('6.19').text})`,
  kernel: 'kho_restore_vmalloc() gives NULL: the user loses the area, and what was restored of it',
  effect: whereVmalloc('reported'),
} as const

/** Preserved vmalloc areas: a descriptor, and a chain of pages of addresses. */
export const VMALLOC_RULES = family('vmalloc', [
  absent(
    'VMALLOC-CHUNK-ABSENT',
    'A chunk page of a vmalloc area',
    VMALLOC_ALL,
    'The rest of the area is not known.',
  ),
  {
    ...COMMON,
    id: 'VMALLOC-FIRST',
    title: 'an area has a first chunk page',
    explanation:
      'The descriptor names no chunk page, though its owner says that there is data. kho_preserve_vmalloc() of 6.18 and 6.19 returned 0 when it had run out of memory and undone everything.',
  },
  {
    ...COMMON,
    id: 'VMALLOC-FLAGS',
    severity: 'warning',
    title: 'flags are VM_ALLOC and VM_ALLOW_HUGE_VMAP, as KHO numbers them',
    explanation: 'Bits above the two known ones are set.',
    kernel: 'drops the bits before it looks for unknown ones',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'VMALLOC-ORDER',
    title: 'the order of the runs is one that an area can have',
    explanation: 'A run of this order would be longer than any area.',
    kernel: 'no check: the first run exceeds total_pages, and the restore gives NULL',
  },
  {
    ...COMMON,
    id: 'VMALLOC-POINTER',
    title: 'chunk pointers are addresses of pages',
    explanation: 'The link to the next chunk page is no address of a page.',
    kernel:
      'reads there without a check: a fault where there is no memory, else NULL from kho_restore_vmalloc()',
  },
  {
    ...COMMON,
    id: 'VMALLOC-CHUNK-CYCLE',
    title: 'the chain of chunk pages ends',
    explanation:
      'A chunk page links back to an earlier one. The restore counts pages, and can restore each only once, so that it stops.',
    kernel: 'NULL from kho_restore_vmalloc(), with a WARN in kho_restore_page()',
  },
  {
    ...COMMON,
    id: 'VMALLOC-CHUNK-SHARED',
    title: 'each chunk page belongs to one area',
    explanation: 'Two areas have a chunk page in common. The second one to be restored fails.',
  },
  {
    ...COMMON,
    id: 'VMALLOC-ENTRY',
    title: 'entries are addresses of pages',
    explanation: 'An entry of a chunk page is no address of a page.',
  },
  {
    ...COMMON,
    id: 'VMALLOC-ENTRY-OVERLAP',
    title: 'runs do not overlap',
    explanation: 'Two entries of an area have a page in common. A page can be restored only once.',
    kernel: 'NULL from kho_restore_vmalloc(), with a WARN in kho_restore_page()',
  },
  {
    ...COMMON,
    id: 'VMALLOC-COUNT-MISMATCH',
    title: 'the chunk pages have as many pages as the descriptor says',
    explanation:
      'total_pages and the entries disagree: an entry of 0 ended a chunk early, an entry is missing, or total_pages is wrong.',
  },
  {
    ...COMMON,
    id: 'VMALLOC-CHUNK-EMPTY',
    severity: 'warning',
    title: 'an empty chunk page follows only a full one',
    explanation:
      'When a chunk page gets exactly full, the writer links another one at once, which stays empty if nothing follows: that one is normal, and not blamed. Any other empty chunk page is odd.',
    kernel: 'passes over it',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'VMALLOC-CHUNK-PARTIAL',
    severity: 'warning',
    title: 'only the last chunk page has room left',
    explanation:
      'A chunk page that is not full has another one behind it. Writers fill a page before they link the next.',
    kernel: 'goes on with the next page: no harm if the count comes out right',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'VMALLOC-UNPRESERVED',
    title: 'chunk pages and runs can be restored',
    explanation:
      'A chunk page, or a run, is not preserved, or is not the head of a preserved block where the restore asks for one. Memory that was never preserved was restored without a word up to 6.17.',
    kernel: 'NULL from kho_restore_vmalloc(); a fault where a chunk page lies outside of RAM',
    check: checkVmallocRestore,
  },
  {
    ...COMMON,
    id: 'VMALLOC-RESTORE-STEP',
    severity: 'warning',
    title: 'restoring a run finds the blocks that were preserved',
    explanation:
      'The restore steps through a run by the largest aligned power of two, and does not look at the stored order. Preserving lowers the order where a block would span two NUMA nodes; then the restore takes two blocks in one step, and the second keeps its mark. A hypothesis from reading the code: not seen reported.',
    kernel: 'splits a block of another order than was preserved',
    effect: 'none',
    source: `kho_restore_pages(): kernel/liveupdate/kexec_handover.c (${since('6.19').text})`,
    check: checkVmallocSteps,
  },
  {
    ...COMMON,
    id: 'VMALLOC-CHUNK-FULL',
    severity: 'info',
    title: 'release candidates of 6.18 cannot read a chunk page that is exactly full',
    explanation:
      'A chunk page uses all of its entries. Before 0b07092d09e5 (6.18-rc) the reader looked for an ending zero past the page. Every release is fixed.',
    applies: '6.18-rc',
    kernel: 'reads one entry past the page',
    effect: 'none',
    check: checkFullChunks,
  },
])
