import { absent, family } from './define.js'

const TABLE = 'page-table proposal of April 2025 on patch v5'
const COMMON = { severity: 'error', applies: TABLE, source: 'the posted patch (no release)' } as const

/** The proposal with one tree of tables for each order. */
export const PAGE_TABLE_RULES = family('page-table', [
  absent('TABLE-ABSENT', 'A table of the proposal', TABLE, 'The blocks under it are not known.'),
  {
    ...COMMON,
    id: 'TABLE-POINTER',
    title: 'descriptors are addresses of pages, their low bits 0',
    explanation:
      'The low bits of a descriptor are reserved and must be zero; the rest is the address of a page.',
    kernel: 'follows the descriptor as it stands',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'TABLE-SHARED-NODE',
    title: 'each table has one descriptor that points to it',
    explanation:
      'Two descriptors, possibly of trees of two orders, lead to one table; or one leads back upwards.',
    kernel: 'walks it again and again',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'TABLE-ORDER',
    title: 'there are no more trees than orders',
    explanation:
      'The array of roots has an entry for an order that the page allocator does not have (NR_PAGE_ORDERS).',
    kernel: 'ignores it: its blocks are lost',
    effect: 'silent',
  },
  {
    ...COMMON,
    id: 'TABLE-INDEX',
    title: 'only descriptors that an address can reach are used',
    explanation: 'A descriptor stands for memory above 2^64.',
    kernel: 'computes an address that wraps',
    effect: 'silent',
  },
])
