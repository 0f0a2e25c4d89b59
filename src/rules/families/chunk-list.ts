import { checkBitmapSize } from '../checks/bitmap-size.js'
import { checkChunkFullness, checkChunkOrder, checkChunkTail } from '../checks/chunks.js'
import { absent, CHUNK_SOURCE, CHUNKS, family } from './define.js'

const COMMON = { severity: 'error', applies: CHUNKS, source: CHUNK_SOURCE } as const
const UNCHECKED = 'follows it without a check: a fault where there is no memory, else foreign blocks'

/** The list of chunks of { phys_start, bitmap } pairs. */
export const CHUNK_LIST_RULES = family('chunk-list', [
  absent(
    'CHUNK-ABSENT',
    'A chunk of the list',
    CHUNKS,
    'The blocks of it and of all chunks behind it are not known.',
  ),
  absent('CHUNK-BITMAP-ABSENT', 'A bitmap', CHUNKS, 'Its blocks are not known.'),
  {
    ...COMMON,
    id: 'CHUNK-POINTER',
    title: 'chunk pointers are addresses of pages',
    explanation:
      'A `next` pointer, or the map pointer itself, is no physical address of a page. All chunks behind it are lost, or read from the wrong place.',
    kernel: UNCHECKED,
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'CHUNK-CYCLE',
    title: 'the list of chunks ends',
    explanation: 'A `next` pointer leads back to a chunk that came before. The reader goes round and round.',
    kernel: 'never gets out of kho_mem_deserialize(): the machine hangs without a word',
    effect: 'loop',
  },
  {
    ...COMMON,
    id: 'CHUNK-NUM-ELMS',
    title: 'a chunk has no more entries than fit its page',
    explanation:
      'num_elms is larger than the 255, 1023 or 4095 entries of a page of 4K, 16K or 64K. The reader goes on in the next page of memory and takes what is there for entries: with luck zeros that end in a NULL bitmap.',
    kernel: 'reads past the page, without a check',
    effect: 'none',
  },
  {
    ...COMMON,
    id: 'CHUNK-BITMAP-POINTER',
    title: 'every entry has a bitmap',
    explanation: 'The pointer of an entry is 0 or no physical address (a kernel virtual address, say).',
    kernel: 'dereferences it: a fault in early boot',
    effect: 'oops',
  },
  {
    ...COMMON,
    id: 'CHUNK-BITMAP-ALIGN',
    title: 'bitmaps are aligned to their size',
    explanation:
      'Bitmaps are allocated as objects of 512 bytes (up to 6.17.8) or as pages. A pointer that is not aligned to that was changed, and the bits are read from the wrong place. Entries of both kinds in one list are a sign of two writers.',
    kernel: 'reads the bits from where the pointer leads',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'CHUNK-BITMAP-SHARED',
    title: 'each entry has a bitmap of its own',
    explanation: 'Two entries name one bitmap. The blocks of one of them were never meant.',
    kernel: 'reserves the blocks of both',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'CHUNK-START',
    title: 'phys_start is a physical address',
    explanation: 'The address that an entry begins at is larger than any memory.',
    kernel: 'asks for the struct page of each block: a fault, or blocks elsewhere after the address wrapped',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'CHUNK-START-ALIGN',
    title: 'phys_start is a multiple of the block size',
    explanation: 'The entry begins inside a block of its order, so that every block of it is shifted.',
    kernel: 'reserves the shifted ranges',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'CHUNK-START-SPAN',
    title: 'phys_start is a multiple of what one bitmap spans',
    explanation:
      'Writers cut memory into spans of 4096 blocks (bitmaps of 512 bytes) or of a page of bits, and begin an entry at a multiple of that. Anything else was changed, or is from a kernel with the other size of bitmap: the string kho-v1 is the same for both.',
    kernel: 'does not compare: reserves the blocks where the entry says',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'CHUNK-ORDER',
    title: 'orders make blocks that exist',
    explanation: 'The order of a chunk is so high that a block of it is larger than any memory.',
    kernel: 'shifts by order + PAGE_SHIFT, which wraps: sizes and addresses come out wrong, or it faults',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'PFN0-ORDER',
    applies: `${CHUNKS}; radix trees of kho-v2`,
    title: 'a range that begins at pfn 0 is recorded',
    explanation:
      'count_trailing_zeros(0) was -1, so that preserving a range from pfn 0 on recorded a block of order 0xffffffff and not the range. Its memory is not preserved. Preserve ranges that begin above page 0.',
    kernel: 'shifts by -1 + PAGE_SHIFT: reserves half a page at 0',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'BLOCK-ADDRESS',
    applies: 'every tracker with bitmaps',
    title: 'blocks lie below 2^52',
    explanation:
      'A bit stands for a block at an address that no machine has. These blocks are left out here.',
    kernel: 'asks for the struct page of the block: a fault',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'CHUNK-TAIL',
    title: 'slots behind the last entry of a chunk are empty',
    explanation:
      'A chunk holds an entry behind those that num_elms counts. Chunks are zeroed when they are made, so num_elms is too small: the blocks of that entry are lost.',
    kernel: 'reads as many as num_elms says',
    effect: 'silent',
    check: checkChunkTail,
  },
  {
    ...COMMON,
    id: 'CHUNK-NOT-FULL',
    severity: 'warning',
    title: 'only the last chunk of an order has room left',
    explanation: 'A writer begins another chunk of an order when the one before is full, and never earlier.',
    kernel: 'does not care',
    effect: 'none',
    check: checkChunkFullness,
  },
  {
    ...COMMON,
    id: 'CHUNK-UNSORTED',
    severity: 'warning',
    title: 'orders ascend along the list, and addresses within an order',
    explanation:
      'Writers go through the orders from the lowest, and through memory from its start. Readers do not need it.',
    kernel: 'does not care',
    effect: 'none',
    check: checkChunkOrder,
  },
  {
    ...COMMON,
    id: 'CHUNK-BITMAP-SIZE',
    title: 'writer and reader have bitmaps of one size',
    explanation:
      'Up to 6.17.8 a bitmap has 512 bytes, from 6.17.9 and 6.18 on a page. The string kho-v1 stayed. The reader of one takes other memory for the bits of the other: too few blocks, or whatever lies behind a bitmap as blocks. Both kernels must be of one kind.',
    kernel: 'no check: reserves the wrong blocks without a word',
    effect: 'silent',
    check: checkBitmapSize,
  },
])
