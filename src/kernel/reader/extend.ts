import type { Geometry } from '../../../formats/memory/geometry.js'
import { type Range, subtractRanges } from '../../../formats/memory/range.js'
import { nextSet } from '../../../formats/pages/words.js'
import type { ReservationSink } from './reserved.js'

/** Blocks of memory that early boot of 7.3 must not open, told by number. */
export interface Busy {
  /** Bytes of a block: 1 GiB, for all page sizes. */
  readonly size: number
  readonly pageSize: number
  readonly pageShift: number
  readonly blocks: Set<number>
  /** Why it gave up: the tree that remembers the blocks is made of scratch. Null where it did not. */
  failed: string | null
}

/** More blocks than this take more pages of scratch, and more time, than there is: 2^30 for an order of 48 at 4K. */
const MOST_BLOCKS = 2 ** 22

/** A walk that has met nothing yet. */
export function createBusy({ pageSize, pageShift }: Geometry, size: number): Busy {
  return { size, pageSize, pageShift, blocks: new Set(), failed: null }
}

/** Marks what kho_ext_walk_leaf() and kho_ext_walk_node() mark: every block of a preservation, every page of the tree. */
export function busySink(busy: Busy): ReservationSink {
  const mark = (address: number, size: number) => {
    const first = Math.floor(address / busy.size)
    const end = Math.ceil((address + size) / busy.size)
    if (end - first > MOST_BLOCKS) {
      busy.failed ??= `-ENOMEM, after ${end - first} blocks were asked for`
      return
    }
    for (let n = first; n < Math.max(end, first + 1); n++) busy.blocks.add(n)
  }
  return {
    blocks(order, first, words) {
      const size = 2 ** (busy.pageShift + order)
      const bytes = words.length * 32 * size
      const start = first * size
      // Most leaves lie in one block, which the leaf before has marked.
      if (busy.blocks.has(Math.floor(start / busy.size)) && (start % busy.size) + bytes <= busy.size) return
      const perBlock = Math.max(1, busy.size / size)
      for (let bit = nextSet(words, 0); bit < words.length * 32; ) {
        const number = first + bit
        mark(number * size, size)
        // On to the first bit that lies in another block.
        const next = (Math.floor(number / perBlock) + 1) * perBlock - first
        bit = next >= words.length * 32 ? words.length * 32 : nextSet(words, next)
      }
    },
    odd: mark,
    shifted(order, first, words) {
      const size = 2 ** (busy.pageShift + order)
      for (let bit = nextSet(words, 0); bit < words.length * 32; bit = nextSet(words, bit + 1))
        mark((first + bit) * busy.pageSize, size)
    },
    tracker: address => mark(address, 1),
  }
}

/** What is left between the busy blocks, of all RAM. */
export function extendedRanges(busy: Busy, ram: readonly Range[]): Range[] {
  const taken = [...busy.blocks]
    .sort((a, b) => a - b)
    .map(n => ({ start: n * busy.size, end: (n + 1) * busy.size }))
  return subtractRanges(ram, taken)
}
