/** A figure that somebody else measured. */
export interface Quoted {
  what: string
  value: string
  source: string
}

const USER_SPACE = "the kernels' own C, run in user space"
const THREAD = 'mafs01pu9qm6r.fsf@amazon.de, April 2025, on 48 GiB of order-0 pages'

/** Figures that the models below rest on, or that they are to be held against. */
export const QUOTED: readonly Quoted[] = [
  {
    what: 'memblock_reserve() and mark_noinit, 10,000 scattered blocks',
    value: '0.17 s',
    source: USER_SPACE,
  },
  {
    what: 'memblock_reserve() and mark_noinit, 30,000 scattered blocks',
    value: '1.19 s',
    source: USER_SPACE,
  },
  {
    what: 'memblock_reserve() and mark_noinit, 100,000 scattered blocks',
    value: '14.4 s',
    source: USER_SPACE,
  },
  {
    what: 'memblock_reserve() and mark_noinit in a contiguous run',
    value: '22 ns a block',
    source: USER_SPACE,
  },
  { what: 'walk of the tracker', value: '3.7 to 4.5 ns a block', source: USER_SPACE },
  { what: 'preserve with the chunk list', value: '577 ms', source: THREAD },
  { what: 'preserve with tables', value: '469 ms', source: THREAD },
  { what: 'read back, either way', value: 'over 2 s', source: THREAD },
]

/** Most regions that a figure for memblock is quoted for: beyond it the model is extrapolated. */
export const MOST_REGIONS_MEASURED = 100_000

/** Nanoseconds of the models. */
const RUN_NS = 22
const WALK_NS = 4.1
/** Each new region moves those behind it: 14.4 s for 100,000 of them is 1.44 ns a region squared; 30,000 give 1.30 s. */
const SCATTER_NS = 1.44

/**
 * Milliseconds of a reader that reserves every block in memblock: 22 ns for a block that continues a region, and for
 * regions that touch no other a cost that grows with their square.
 */
export function memblockMs(blocks: number, regions: number): number {
  return (blocks * RUN_NS + regions ** 2 * SCATTER_NS) / 1e6
}

/** Memory is freed in pieces of at most MAX_PAGE_ORDER: 4 MiB with 4K pages. */
const FREE_ORDER = 10

/**
 * Milliseconds of a reader that leaves out preserved pages when it frees memory: a look-up in what was handed over for
 * each piece of RAM that memblock_free_pages() gets, and each word of the tracker once. A step costs what one of the
 * kernels' walk does.
 */
export function skipMs(ramPages: number, stepsOfLookUp: number, words: number): number {
  const pieces = Math.ceil(ramPages / 2 ** FREE_ORDER)
  return ((pieces * stepsOfLookUp + words) * WALK_NS) / 1e6
}
