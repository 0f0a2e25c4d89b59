import type { WritingKernel } from '../../formats/kernels/index.js'
import type { Range } from '../../formats/memory/range.js'

/** Memory of one NUMA node, in bytes. */
export interface NodeRange {
  id: number
  range: Range
}

/** The order that a range at pfn 0 is recorded with where count_trailing_zeros(0) is -1: 0xffffffff, seen as an int. */
export const WRAPPED_ORDER = -1

/**
 * The blocks that a range of pages is recorded as, in the order of the calls: kho_preserve_pages() and, up to 6.17,
 * kho_preserve_phys(). Blocks need not be aligned to their order in v5: the tracker then records a lower address.
 */
export function splitRange(
  kernel: WritingKernel,
  nodes: readonly NodeRange[],
  pageSize: number,
  range: { pfn: number; end: number },
  visit: (pfn: number, order: number) => void,
): void {
  let { pfn } = range
  while (pfn < range.end) {
    let order = orderAt(kernel, pfn, range.end)
    if (kernel.writes.splitAtNodes) {
      while (order > 0 && nodeOf(nodes, pfn * pageSize) !== nodeOf(nodes, (pfn + 2 ** order - 1) * pageSize))
        order--
    }
    visit(pfn, order)
    // 1 << 0xffffffff is 1 << 31, and as an int negative: the sum is past every end.
    if (order === WRAPPED_ORDER) return
    pfn += 2 ** order
  }
}

function orderAt(kernel: WritingKernel, pfn: number, end: number): number {
  const room = Math.min(log2Floor(end - pfn), kernel.writes.maxOrder)
  if (kernel.writes.split === 'unaligned') return room
  return Math.min(pfn === 0 ? kernel.writes.zeroOrder : trailingZeros(pfn), room)
}

/** The node that an address belongs to: 0 where nothing says. */
function nodeOf(nodes: readonly NodeRange[], address: number): number {
  return nodes.find(({ range }) => address >= range.start && address < range.end)?.id ?? 0
}

/** Trailing zero bits of a whole number below 2^53 that is not 0. */
export function trailingZeros(value: number): number {
  const low = value % 2 ** 32
  if (low !== 0) return 31 - Math.clz32(low & -low)
  return 32 + trailingZeros(value / 2 ** 32)
}

/** The largest power of two in a whole number that is not 0. */
export function log2Floor(value: number): number {
  return value < 2 ** 32 ? 31 - Math.clz32(value) : 32 + log2Floor(Math.floor(value / 2 ** 32))
}
