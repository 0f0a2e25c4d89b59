import { checkDuplicateOwners } from '../checks/duplicates.js'
import { checkHugeBlocks, checkRestorable } from '../checks/orders.js'
import { checkOrphans } from '../checks/orphans.js'
import {
  checkBlocksInScratch,
  checkBlocksOutsideRam,
  checkOverlaps,
  checkTrackerInScratch,
  checkTrackerPreserved,
} from '../checks/placement.js'
import { checkRootPreserved } from '../checks/root.js'
import { EVERY, family, HANDOVER, MERGED, WHO } from './define.js'

const PRESERVE = `kho_preserve_folio(), kho_preserve_pages(): ${HANDOVER}`
const RESTORE = `kho_restore_page(): ${HANDOVER}`

/** What the map of preserved memory says, whatever it is written in. */
export const MAP_RULES = family('map', [
  {
    id: 'MAP-IN-SCRATCH',
    severity: 'error',
    title: 'no preserved block lies in scratch',
    explanation:
      'The next kernel boots in scratch and overwrites it before anybody can restore the block. Memory ends up there when it was allocated from scratch and then preserved: gigantic pages and IOMMU tables on a kernel that was itself booted by KHO, pageblocks that lost their CMA type. Only debug kernels check (CONFIG_KEXEC_HANDOVER_DEBUG, 6.18 on), so this is worth a look in every image.',
    applies: EVERY,
    kernel: 'reserves the block, after parts of it were overwritten; without a word',
    source: PRESERVE,
    effect: 'silent',
    check: checkBlocksInScratch,
  },
  {
    id: 'TRACKER-IN-SCRATCH',
    severity: 'error',
    title: 'no page of the tracker lies in scratch',
    explanation:
      'Kexec copies the next kernel into scratch, over the pages of the map that lie there. Up to 6.17 metadata came from the slab, whose kfence objects lie in scratch after a KHO boot; from 7.1 on the root node of the tree still does. Whether the page is hit is luck.',
    applies: EVERY,
    kernel: 'reads what is left of the page; fine if nothing was copied there',
    source: `new_chunk(), xa_load_or_alloc() (${WHO.chunks}), kho_radix_init() (${WHO.trees})`,
    effect: 'none',
    check: checkTrackerInScratch,
  },
  {
    id: 'MAP-OVERLAP',
    severity: 'warning',
    title: 'blocks of different orders do not overlap',
    explanation:
      'A page lies in two preserved blocks. Two users preserved it, or one unpreserved it with another order than it had preserved it with. Restoring marks the head page of a block, and the last writer wins: in chunk lists the higher order, in radix trees the lower one. Where an owner is about to restore a block whose head page has two orders, it is an error; else a warning, because the memory as such is protected.',
    applies: EVERY,
    kernel: 'reserves both, memblock merges them; one restore fails later',
    source: RESTORE,
    effect: 'none',
    check: checkOverlaps,
  },
  {
    id: 'MAP-OUTSIDE-RAM',
    severity: 'error',
    title: 'preserved blocks lie in RAM',
    explanation:
      'A block lies where the machine that reads has no RAM: the map is damaged, or the next kernel is booted with mem= or with another memory map. Where there is not even a struct page, early boot faults.',
    applies: EVERY,
    kernel: 'no check; a fault in early boot, or NULL from kho_restore_page()',
    source: RESTORE,
    effect: 'silent',
    check: checkBlocksOutsideRam,
  },
  {
    id: 'MAP-TRACKER-PRESERVED',
    severity: 'error',
    title: 'pages of the tracker are not themselves preserved',
    explanation:
      'A page of the map lies in a preserved block. No writer preserves them: the block was never meant, or two users have the page.',
    applies: EVERY,
    kernel: 'reserves the page for good; nobody frees it',
    source: PRESERVE,
    effect: 'silent',
    check: checkTrackerPreserved,
  },
  {
    id: 'MAP-HUGE-BLOCK',
    severity: 'error',
    title: 'the size of every block fits what the reader computes it in',
    explanation:
      'Readers before the fix compute 1 << (order + PAGE_SHIFT) in an int. From 2 GiB on the size is wrong: sign-extended to almost 2^64, or taken modulo 32 bits. Blocks above MAX_PAGE_ORDER are legal as such.',
    applies: WHO.intSize,
    kernel: 'reserves another size, without a word',
    source: `deserialize_bitmap() (${WHO.chunks}), kho_preserved_memory_reserve() (7.1)`,
    effect: 'silent',
    check: checkHugeBlocks,
  },
  {
    id: 'MAP-ORDER-RESTORE',
    severity: 'warning',
    title: 'blocks are small enough to be restored',
    explanation:
      'Up to 7.0 a block above MAX_PAGE_ORDER is reserved but cannot be restored as a page. Where a structure of the state is about to do that, it will fail (an error); else it is a warning, because memory that is only reserved, such as reserve_mem, is not restored.',
    applies: WHO.maxOrder,
    kernel: 'reserves the block; kho_restore_page() gives NULL, with a WARN from 6.18 on',
    source: RESTORE,
    effect: 'none',
    check: checkRestorable,
  },
  {
    id: 'ROOT-FDT-PRESERVED',
    severity: 'error',
    title: 'the page of the root FDT is preserved, as one page',
    explanation:
      'The root FDT must survive early boot like everything that it names. Where its page is not in the map, it is given to the allocator and overwritten: users that ask later find garbage.',
    applies: MERGED,
    kernel: `${WHO.restoresFdt}: "failed to restore folio for KHO fdt"; later releases say nothing`,
    source: `kho_init(), kho_memory_init(): ${HANDOVER}`,
    effect: 'silent',
    check: checkRootPreserved,
  },
  {
    id: 'MAP-DUPLICATE-OWNER',
    severity: 'error',
    title: 'each preserved page has one owner',
    explanation:
      'Two structures of the state hold on to one page. The first to restore it gets it, the second one fails, or both write to it. One memfd under two tokens looks like this, and so does memory that was freed and used again while a structure still named it.',
    applies: EVERY,
    kernel: 'kho_restore_page() works once: the second call gives NULL, with a WARN from 6.18 on',
    source: RESTORE,
    effect: kernel => (kernel.reads.marker === 'magic' ? 'reported' : 'silent'),
    check: checkDuplicateOwners,
  },
  {
    id: 'MAP-ORPHAN',
    severity: 'warning',
    title: 'each preserved block has an owner',
    explanation:
      'No structure that could be read names the block: nobody will restore or free it, it is lost to the next kernel and to all after it. Bits are left over when memory is unpreserved with another order than it was preserved with, or when a module is unloaded. Where LUO has not serialised yet, where a blob is of an unknown kind or not in the dump, its memory looks ownerless too: then this is a note.',
    applies: EVERY,
    kernel: 'keeps the memory reserved for good, without a word',
    source: PRESERVE,
    effect: 'none',
    check: checkOrphans,
  },
])
