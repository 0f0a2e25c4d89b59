import {
  checkFolioContents,
  checkFolioCoverage,
  checkFolioList,
  checkFolioRanges,
  checkFoliosAbsent,
  checkFoliosPreserved,
  checkSealsLost,
} from '../checks/memfd.js'
import { absent, family, MEMFD_ALL, WHO, whereMemfd } from './define.js'

const COMMON = {
  severity: 'error',
  applies: MEMFD_ALL,
  source: `memfd_luo_retrieve(), memfd_luo_retrieve_folios(): mm/memfd_luo.c (${WHO.luo})`,
  effect: whereMemfd('reported'),
} as const
const FAILS = 'the retrieve of the file fails'

/** Preserved memfds: the structure, and the list of folios. */
export const MEMFD_RULES = family('memfd', [
  absent('MEMFD-ABSENT', 'The structure of a memfd', MEMFD_ALL, 'Its size and its folios are not known.'),
  {
    ...absent(
      'MEMFD-FOLIOS-ABSENT',
      'A part of the list of folios',
      MEMFD_ALL,
      'The folios in it are not known.',
    ),
    check: checkFoliosAbsent,
  },
  {
    ...COMMON,
    id: 'MEMFD-ADDRESS',
    title: "a memfd's handle is the address of a page",
    explanation: 'The handle is the physical address of a preserved structure, which begins a page.',
    kernel: 'no check: reads the structure from there',
    effect: whereMemfd('silent'),
  },
  {
    ...COMMON,
    id: 'MEMFD-DESCRIPTOR',
    severity: 'warning',
    title: 'a memfd without folios has no list of them',
    explanation: 'nr_folios is 0, yet the descriptor of the list is not empty. Nobody frees what it names.',
    kernel: 'does not look at the list',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'MEMFD-SIZE',
    title: 'size and number of folios agree',
    explanation:
      'A file with a size has no folios, one without has some, or the size is none that a file can have.',
    kernel: 'no check: the file has holes where data was, or pages that cannot be reached',
    effect: whereMemfd('silent'),
  },
  {
    ...COMMON,
    id: 'MEMFD-POSITION',
    title: 'the position is one that a file can have',
    explanation: 'The file position is 2^53 or more.',
    kernel: 'vfs_setpos() refuses it, and nobody looks: the position is 0',
    effect: whereMemfd('silent'),
  },
  {
    ...COMMON,
    id: 'MEMFD-SEALS',
    title: 'seals are F_SEAL_ bits',
    explanation:
      'A seal is set that the reader does not know. It refuses the file rather than losing the seal.',
    kernel: `-EOPNOTSUPP: ${FAILS}`,
    effect: kernel => (kernel.users.memfd === 2 ? 'reported' : 'none'),
  },
  {
    ...COMMON,
    id: 'MEMFD-SEALS-LOST',
    severity: 'info',
    title: 'memfd-v1 hands over no seals',
    explanation:
      'Version 1 of the format has no field for seals: a sealed file comes back without. Whether the file had any, the image does not say.',
    applies: `memfd-v1: ${WHO.memfd1}`,
    kernel: 'restores the file unsealed',
    effect: 'none',
    check: checkSealsLost,
  },
  {
    ...COMMON,
    id: 'MEMFD-FLAGS',
    severity: 'warning',
    title: 'flags are 0',
    explanation: 'The field is written as 0, and nobody reads it.',
    kernel: 'does not look',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-COUNT',
    title: 'the list has room for as many folios as there should be',
    explanation: 'nr_folios is larger than the pages of the list have room for.',
    kernel: 'no check: reads past the list; 7.2 was seen to oops in memfd_luo_retrieve()',
    effect: kernel => (kernel.users.luo === null ? 'none' : 'oops'),
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIOS-CUT',
    severity: 'info',
    title: 'the list of folios can be read to its end',
    explanation:
      'The list ends before nr_folios entries. Another finding says why: the number is wrong, or the chunk pages are broken. This one says how much of the list there was to judge.',
    kernel: FAILS,
    effect: 'none',
    check: checkFolioList,
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-PFN',
    title: 'page frame numbers are addresses',
    explanation: 'The page frame number of a folio is larger than any memory.',
    kernel: `"Unable to restore folio at physical address: …": ${FAILS}`,
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-UNPRESERVED',
    title: 'each folio is the head of a preserved block',
    explanation:
      'The page frame number of a folio is not that of a preserved block: it is not preserved, or inside a block. Readers up to 7.0 without 0fb1daf0b78d left a silent hole, up to 6.17 memory that was never preserved could be restored.',
    kernel: `"Unable to restore folio at physical address: …": ${FAILS}`,
    check: checkFoliosPreserved,
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-HOLE',
    severity: 'warning',
    title: 'every entry names a page',
    explanation:
      'An entry has page frame number 0: a hole, which readers skip. Writers allocate pages for holes, so none is written. Readers before 3538f90ab89a (7.1) take it for a page when they clean up after an error.',
    kernel: 'skips the entry: the file reads as zero there',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-INDEX',
    title: 'folios lie within the file',
    explanation: 'The page offset of a folio is past the end of the file.',
    kernel: 'puts it there: its contents cannot be reached',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-COLLISION',
    title: 'page offsets are distinct',
    explanation: 'Two folios have one page offset.',
    kernel: `"shmem: failed to add to page cache folio index …": ${FAILS}`,
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-OVERLAP',
    title: 'folios are distinct',
    explanation: 'One page is listed twice in a file. The second restore of it fails.',
    kernel: `a WARN in kho_restore_page(), "Unable to restore folio at physical address: …": ${FAILS}`,
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-RANGE',
    title: 'folios do not overlap in the file, and begin at multiples of their size',
    explanation:
      'With the sizes that the map gives, two folios cover one page of the file, or a folio begins at an offset that the page cache cannot have it at.',
    kernel: `"shmem: failed to add to page cache folio index …", or a VM_BUG: ${FAILS}`,
    check: checkFolioRanges,
  },
  {
    ...COMMON,
    id: 'MEMFD-COVERAGE',
    title: 'folios cover the file from its start to its end',
    explanation:
      'Pages of the file have no folio. Writers allocate pages for holes, so a gap is lost data: an overflow of the number of folios kept only the beginning of files of 16 TiB and more.',
    kernel: 'the file reads as zero there, without a word',
    effect: 'none',
    check: checkFolioCoverage,
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-CLEAN',
    severity: 'warning',
    title: 'folios are marked dirty',
    explanation:
      'A folio without the flag can be reclaimed after it was restored, as if its contents were on disk. Writers before 7e04bf1f3315 (7.1) recorded the flag when the file was preserved, and missed what was written later. Where the folio holds data, it is an error.',
    kernel: 'restores it clean: data can vanish later (CVE-2026-43389)',
    effect: 'none',
    check: context => checkFolioContents(context, 'clean'),
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-NOT-UPTODATE',
    severity: 'warning',
    title: 'folios are marked up to date',
    explanation:
      'A folio without the flag is zeroed when it is next used. That is right for a page that was allocated and never written; writers before 50d7b4332f27 (7.1) recorded the flag when the file was preserved, and missed what was written later. Where the folio holds data, it is an error: the data will be zeroed.',
    kernel: 'zeroes the folio at its next use',
    effect: 'none',
    check: context => checkFolioContents(context, 'stale'),
  },
  {
    ...COMMON,
    id: 'MEMFD-FOLIO-FLAGS',
    severity: 'warning',
    title: 'only the two known flags of folios are used',
    explanation: 'A flag is set that no release knows.',
    kernel: 'does not look at it',
    effect: 'none',
  },
])
