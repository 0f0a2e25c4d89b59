import { releases, since } from '../../formats/kernels/index.js'
import { also, bug, candidates, guard, likely, part, type UpstreamBug, unseen } from './upstream-bug.js'

const STRUCT_PAGE = 'struct page of the block heads (a dump with the memmap, and its layout)'

/** Every one that is known, the most telling first. */
export const UPSTREAM_BUGS: readonly UpstreamBug[] = [
  bug('liveupdate, memfd: one memfd preserved under two tokens', '00d0b372374f', releases('6.19', '7.0'), [
    'LUO-FILE-DATA-SHARED',
    'MEMFD-FOLIO-OVERLAP',
    'MAP-DUPLICATE-OWNER',
  ]),
  bug(
    'kho: warn and fail on metadata or preserved memory in scratch; allocate metadata from buddy',
    'e38f65d317df, a2fff99f92da, fa759cd75bce',
    releases('6.16', '6.17.9'),
    ['TRACKER-IN-SCRATCH', 'MAP-IN-SCRATCH'],
  ),
  bug('kho: fix deferred initialization of scratch areas', 'bf480c613346', likely(releases('6.16', '7.1')), [
    'MAP-IN-SCRATCH',
  ]),
  bug(
    'kho: fix unpreservation of higher-order vmalloc preservations',
    '7ecd2e439d12',
    candidates('6.18-rc'),
    ['MAP-ORPHAN'],
  ),
  bug('kho: fix order calculation for kho_unpreserve_pages()', '8fd2f26fa2a3', likely(candidates('7.1-rc')), [
    'MAP-ORPHAN',
    'MAP-OVERLAP',
  ]),
  bug(
    'kho: kho_preserve_vmalloc(): do not return 0 when ENOMEM',
    '412a32f0e53f',
    likely(releases('6.18', '6.19')),
    ['VMALLOC-FIRST', 'VMALLOC-UNPRESERVED', 'VMALLOC-COUNT-MISMATCH', 'MEMFD-FOLIO-COUNT'],
  ),
  bug('mm: memfd_luo: always make all folios uptodate', '50d7b4332f27', also(releases('6.19'), '7.0-rc'), [
    'MEMFD-FOLIO-NOT-UPTODATE',
  ]),
  bug(
    'mm: memfd_luo: always dirty all folios (CVE-2026-43389)',
    '7e04bf1f3315',
    also(releases('6.19'), '7.0-rc'),
    ['MEMFD-FOLIO-CLEAN'],
  ),
  bug(
    'liveupdate: luo_file: do not clear serialized_data on unfreeze',
    '011d4e52a76c',
    likely(candidates('6.19-rc')),
    ['LUO-FILE-DATA-ZERO', 'LUO-UNPRESERVED'],
  ),
  bug('liveupdate: block session mutations during reboot', 'bb1328be35bf', releases('6.19', '7.1'), [
    'LUO-UNPRESERVED',
    'LUO-FILE-COUNT',
  ]),
  {
    ...bug(
      'kho: fix size calculation in kho_preserved_memory_reserve()',
      '3a0b8fa2eb36',
      releases('6.16', '7.1'),
      ['MAP-HUGE-BLOCK', 'READER-ODD-RESERVATION'],
    ),
    reader: '7.1',
  },
  {
    ...bug('kho: drop restriction on maximum page order', '13cf691b8bb3', releases('6.16', '7.0'), [
      'MAP-ORDER-RESTORE',
    ]),
    reader: '6.19',
  },
  bug(
    'kho: fix KHO_TREE_MAX_DEPTH for non-4KB page sizes',
    'd64b0372760e',
    candidates('7.1-rc1 to rc5, pages of 16K'),
    ['RADIX-DEPTH-16K'],
  ),
  {
    ...bug(
      'kho: increase metadata bitmap size to PAGE_SIZE, under the same string',
      'a2fff99f92da',
      releases('6.16', '7.0'),
      ['CHUNK-BITMAP-SIZE', 'CHUNK-START-SPAN', 'CHUNK-BITMAP-ALIGN', 'READER-MAP-DIFFERS'],
    ),
    reader: '6.18',
  },
  bug('kho: fix error handling in kho_add_subtree()', '9ec953298948', releases('6.16', '7.0'), [
    'BLOB-PROPERTY',
  ]),
  bug('kho: validate preserved memory map during population', 'eda79a683a0a', releases('6.16', '6.18'), [
    'ROOT-MAP-ZERO',
    'ROOT-MAP-PROPERTY',
    'CHUNK-POINTER',
    'RADIX-POINTER',
  ]),
  bug(
    'mm/memfd_luo: report error when restoring a folio fails mid-loop',
    '0fb1daf0b78d',
    releases('6.19', '7.0'),
    ['MEMFD-FOLIO-UNPRESERVED'],
  ),
  bug(
    'mm/memfd_luo: fix integer overflow in memfd_luo_preserve_folios',
    '39fc886ddc48',
    likely(releases('6.19', '7.0')),
    ['MEMFD-COVERAGE', 'MEMFD-FOLIO-RANGE', 'MEMFD-FOLIO-COUNT'],
  ),
  bug(
    'kho: test: clean up residual memory upon test_kho unload',
    '77ce1b4cd08f',
    likely(releases('6.16', '6.19')),
    ['MAP-ORPHAN'],
  ),
  bug('liveupdate: validate handover metadata before using it', '0349ff288705', releases('6.19', '7.1'), [
    'LUO-BLOCK-CYCLE',
    'LUO-BLOCK-COUNT',
    'LUO-BLOCK-LIMIT',
    'LUO-BLOCK-POINTER',
    'LUO-POINTER',
    'LUO-UNPRESERVED',
  ]),
  bug('liveupdate: propagate file deserialization failures', '307e0c5859b0', releases('6.19', '7.0'), [
    'LUO-HANDLER',
    'LUO-FILE-COUNT',
    'LUO-FILE-COMPATIBLE',
  ]),
  bug('liveupdate: reject CREATE_SESSION with invalid name length', 'e947433cd0d2', releases('6.19', '7.1'), [
    'LUO-NAME-EMPTY',
    'LUO-NAME-UNTERMINATED',
    'LUO-SESSION-DUPLICATE',
  ]),
  bug('liveupdate: safely print untrusted strings', 'ecb13ab76e32', likely(releases('6.19', '7.0')), [
    'LUO-NAME-UNTERMINATED',
    'KEXEC-METADATA-RELEASE',
  ]),
  bug(
    'kho: disallow wide keys in radix tree: key bits above the order bit make the order underflow',
    '955409ba5715',
    releases('7.1', '7.2'),
    ['RADIX-ROOT-INDEX', 'RADIX-KEY'],
  ),
  bug(
    'kho: make sure scratch size is always aligned',
    '0e39380a7316, 797fe91e50d6',
    releases('6.16', '7.2'),
    ['SCRATCH-PAGEBLOCK', 'SCRATCH-UNALIGNED'],
  ),
  bug(
    'gigantic pages allocated from scratch cannot be preserved',
    '7d163a75f821, 14773e2aa4c5',
    releases('6.16', '7.2'),
    ['MAP-IN-SCRATCH'],
  ),
  bug(
    'liveupdate: reference count FLB data',
    '36882f339239, d8e47bd066d7, d2850ff2f8c5',
    releases('7.0', '7.2'),
    ['LUO-FLB-REFCOUNT', 'LUO-FLB-COUNT', 'LUO-FLB-PAGES', 'LUO-FLB-DUPLICATE'],
  ),
  bug(
    'review: an FLB user cannot tell another version from none',
    'list, March 2026',
    releases('7.0', '7.2'),
    ['LUO-FLB-VERSION'],
  ),
  bug(
    'x86/kexec: handed-over memory outside of RAM with mem= (CVE-2026-43240)',
    'list, May 2026',
    since('6.16'),
    ['MAP-OUTSIDE-RAM'],
  ),
  bug('kho: make sure page being restored is actually from KHO', '89a3ecca49ee', releases('6.16', '6.17.9'), [
    'MEMFD-FOLIO-UNPRESERVED',
    'VMALLOC-UNPRESERVED',
    'KHO-TEST-UNPRESERVED',
  ]),
  {
    ...bug('kho: fix out-of-bounds access of vmalloc chunk', '0b07092d09e5', candidates('6.18-rc'), [
      'VMALLOC-CHUNK-FULL',
    ]),
    reader: '6.18',
  },
  bug('kho: skip memoryless NUMA nodes when reserving scratch', '427b2535f513', releases('6.16', '6.19'), [
    'SCRATCH-EMPTY',
    'SCRATCH-COUNT',
  ]),
  part(
    'kho: make sure preservations do not span multiple NUMA nodes',
    '91e74fa8b1bc',
    releases('6.16', '7.0'),
    [],
    'the ranges of the NUMA nodes (SRAT, or pgdat of the dump)',
  ),
  part(
    'mm/memfd_luo: fix physical address conversion in put_folios cleanup',
    '3538f90ab89a',
    also(releases('6.19'), '7.0-rc'),
    ['MEMFD-FOLIO-HOLE'],
    `${STRUCT_PAGE}, after a retrieve that failed`,
  ),
  part(
    'mm: memfd_luo: preserve file seals',
    '5933426bf0bb',
    releases('6.19'),
    ['MEMFD-SEALS-LOST', 'MEMFD-SEALS'],
    'the old inode, which has the seals',
  ),
  part(
    'kho: make preserved pages compatible with deferred struct page init',
    '8b66ed2c3f42, c6073743d0c7',
    releases('6.16', '7.1'),
    [],
    `${STRUCT_PAGE}: page->private holds the KHO magic and the order`,
  ),
  part(
    'kho: initialize tail pages for higher order folios properly',
    '12b9a2c05d1b',
    candidates('6.16-rc'),
    [],
    `${STRUCT_PAGE}, and of the tails, after the restore`,
  ),
  part(
    'mm: memfd_luo: restore and free memfd_luo_ser on failure',
    'c657c5dc1360',
    candidates('6.19-rc'),
    [],
    `${STRUCT_PAGE}, after the session is finished`,
  ),
  part(
    'liveupdate: skip serialization for context-preserving kexec',
    '5eff62b051fb',
    releases('6.19', '7.1'),
    ['LUO-NOT-SERIALISED'],
    'whether a reboot is in progress: lists that are written in a kernel that goes on running are the bug',
  ),
  part(
    'kho: exclude hugetlb memory from scratch size calculation',
    'fdd843f2be1a',
    releases('6.16', '7.2'),
    [],
    'the writer, which switched KHO off, or how much memory boot-time huge pages took',
  ),
  part(
    'kho: do not reserve scratch memory in the kdump kernel',
    '48be325089e1',
    releases('6.16', '7.3'),
    [],
    "where the crash kernel lies: a state inside it is the capture kernel's own",
  ),
  part(
    'kexec: keep the next kernel off hardware-poisoned pages',
    'c5c9a4e14bfa, c7add4fee3fe',
    releases('6.16', '7.3.4'),
    [],
    'the page flags (a dump with the memmap, and its layout)',
  ),
  guard(
    'a vmalloc chunk page that is exactly full is followed by an empty one',
    'kho_preserve_vmalloc() of 7.2',
    ['VMALLOC-CHUNK-EMPTY', 'VMALLOC-COUNT-MISMATCH'],
  ),
  guard('kho: allow scratch areas with zero size', 'da2ce1861626', [
    'SCRATCH-OVERLAP',
    'SCRATCH-UNALIGNED',
    'SCRATCH-OUTSIDE-RAM',
  ]),
  unseen('kexec_file: stop the top-down search before it underflows', 'c711461303af'),
  unseen('liveupdate: validation of GET_NAME and SESSION_FINISH arguments', '4416f8a9ed5f, 0b27b4760441'),
  unseen('liveupdate: luo_file: remember retrieve() status', 'f85b1c6af5bc'),
  unseen('liveupdate: validate session type before performing operation (CVE-2026-68455)', '507e3b479f9c'),
  unseen('liveupdate: FLB retrieve after finish; remember FLB retrieve status', '5c4a03afcb21'),
  unseen('kho: warn and exit when unpreserved page was not preserved', 'b05addf6f059'),
  unseen('mm/memfd: use folio_nr_pages() for shmem inode accounting', '3e77de1f6c96, 24bb04002fa2'),
  unseen(
    'kho: alloc tags, KASAN, lockdep and kmemleak on restored memory',
    'e86436ad0ad2, 019fc3687237, 4536fda1675b',
  ),
  unseen(
    'liveupdate: use after free in unpreserve and finish, races in retrieve',
    '291dcd37c8c8, d3ae9e7fddb4, b27349c96721',
  ),
]

/** Bugs that a rule catches, as `subject (reference)`. */
export function bugsOf(rule: string): string[] {
  return UPSTREAM_BUGS.filter(({ visible, rules }) => visible !== 'guard' && rules.includes(rule)).map(
    ({ title, reference }) => `${title} (${reference})`,
  )
}
