import { absent, family, RADIX, RADIX_SOURCE } from './define.js'

const COMMON = { severity: 'error', applies: RADIX, source: RADIX_SOURCE } as const

/** The tree of tables with bitmaps at its leaves. */
export const RADIX_TREE_RULES = family('radix-tree', [
  absent('RADIX-NODE-ABSENT', 'A node of the radix tree', RADIX, 'The blocks under it are not known.'),
  {
    ...COMMON,
    id: 'RADIX-POINTER',
    title: 'pointers of tables are addresses of pages',
    explanation:
      'A slot, or the map pointer, holds something that is no physical address of a page: a virtual address, low bits, garbage. The tree has no flags in its pointers.',
    kernel: 'reads a page from there, without a check: a fault where there is no memory, else foreign blocks',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'RADIX-CYCLE',
    title: 'no node points to one above it',
    explanation:
      'A slot leads back to a table on the way down to it. The walk is bounded in depth but not in breadth: one table that points at itself in every slot costs 512^5 visits. A table that is read as a leaf gives blocks at random.',
    kernel:
      'walks it as often as there are ways to it: hangs, faults at an absurd block, or takes foreign blocks over',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'RADIX-SHARED-NODE',
    title: 'each node has one slot that points to it',
    explanation:
      'Two slots lead to one node. Its blocks stand for two ranges of memory, one of which was never meant; or a leaf is read as a table.',
    kernel: 'walks the node once for each slot',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'RADIX-ROOT-INDEX',
    title: 'only slots that a key can reach are used in the root',
    explanation:
      'With pages of 4K a key has 53 bits, so that the root has 4 slots that count. A higher one sets a key bit above the order bit of order 0: the order underflows.',
    kernel: 'decodes an order of 0xffffffff and more, shifts by it: an absurd block, and a fault',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'RADIX-KEY',
    title: 'every key has an order bit, and an order that exists',
    explanation:
      'A bit in a leaf stands for a key of which the topmost bit tells the order. Keys of the very first leaf are orders so high that a block is larger than any memory; key 0 has no order at all.',
    kernel:
      'fls64(0) is 0: an order above the largest; shifts wrap, a few bytes are reserved at a wrong address',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'RADIX-DEPTH-16K',
    applies: 'pages of 16K, 7.1-rc1 to rc5, kho-v2',
    title: 'the tree has as many levels as its keys have bits for',
    explanation:
      'Up to 7.1-rc5 the number of levels came out one too small for pages of 16K: the order bit of order 0 is bit 50, the tree covered bits 0 to 49. Keys of single pages lost their order. They are read here as bare page numbers, as far as RAM can reach.',
    kernel: 'reads them as blocks of absurdly high orders',
    effect: 'silent',
  },
])
