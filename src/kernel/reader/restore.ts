import type { ReadingKernel } from '../../../formats/kernels/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { blockFinder } from '../../model/block-finder.js'
import type { ReaderMemory } from './memory.js'
import { markerAt, type Reserved } from './reserved.js'

/** What a restore gives for an address: a page with its order (null where the map is not known), or NULL and why. */
export type Restored =
  | { ok: true; order: number | null; again: boolean }
  | { ok: false; reason: string; warns: boolean; oops?: true }

/** kho_restore_page() of one kernel, with what it remembers of earlier calls. */
export interface Restorer {
  /** kho_restore_folio(). */
  folio(address: number): Restored
  /** kho_restore_pages(), kho_restore_phys(): null where all came back, else the first piece that did not. */
  pages(address: number, count: number): { address: number; failed: Restored & { ok: false } } | null
  /** kho_restore_phys() of one page: whatever page->private says of it. */
  phys(address: number): Restored
}

/** MAX_PAGE_ORDER as the architectures of KHO have it by default. */
function maxPageOrder({ pageShift }: Geometry): number {
  return pageShift === 12 ? 10 : pageShift === 14 ? 11 : 13
}

/**
 * What early boot left in page->private, and what each restore makes of it. kho_restore_page(): patch v5 takes any order;
 * 6.16 and 6.17 refuse orders above MAX_PAGE_ORDER, and cannot tell a page that was never preserved; 6.18 to 7.0 want the
 * magic number too, and clear it; from 7.1 on the magic number alone.
 */
export function createRestorer(
  memory: ReaderMemory,
  kernel: ReadingKernel,
  geometry: Geometry,
  reserved: Reserved,
): Restorer {
  const { pageSize } = geometry
  const last = kernel.layout.tracker === 'radix-tree' ? 'lowest' : 'highest'
  const lowest = blockFinder(reserved.pages)
  const taken = new Set<number>()
  const most = maxPageOrder(geometry)

  /** The order in page->private; null where nothing was written there. */
  const orderOf = (page: number): number | null => {
    if (kernel.reads.marker === 'none') return null
    if (last === 'highest' || reserved.odd.length > 0) return markerAt(reserved, page, last)
    const order = lowest(page)
    return order < 0 ? null : order
  }

  const noPage = (start: number): Restored | null =>
    memory.pages(start, start + 1)
      ? null
      : { ok: false, reason: `${hex(start)} has no page that is online`, warns: false }

  const page = (address: number): Restored => {
    const start = address - (address % pageSize)
    const missing = noPage(start)
    // page->private is read of a pointer that pfn_to_online_page() gave as NULL.
    if (missing !== null && !kernel.reads.checksPage)
      return {
        ...missing,
        ok: false,
        reason: `NULL pointer dereference: ${hex(start)} has no page that is online`,
        warns: false,
        oops: true,
      }
    if (missing !== null) return missing
    const order = orderOf(start)
    const again = taken.has(start)
    if (kernel.reads.marker === 'magic') {
      const warns = true
      if (order === null)
        return { ok: false, reason: `${hex(start)} is not the head of a preserved block`, warns }
      if (again) return { ok: false, reason: `${hex(start)} was restored before`, warns }
      if (kernel.reads.maxOrder && order > most) {
        return { ok: false, reason: `order ${order} is above MAX_PAGE_ORDER (${most})`, warns }
      }
    } else if (kernel.reads.maxOrder && (order ?? 0) > most) {
      return { ok: false, reason: `order ${order} is above MAX_PAGE_ORDER (${most})`, warns: false }
    }
    taken.add(start)
    return { ok: true, order: order ?? 0, again }
  }

  return {
    folio: page,
    pages(address, count) {
      let at = Math.floor(address / pageSize)
      const end = at + count
      while (at < end) {
        const failed = page(at * pageSize)
        if (!failed.ok) return { address: at * pageSize, failed }
        at += 2 ** stepOrder(at, end - at)
      }
      return null
    },
    phys(address) {
      const start = address - (address % pageSize)
      const missing = noPage(start)
      if (missing !== null) return missing
      const again = taken.has(start)
      taken.add(start)
      return { ok: true, order: 0, again }
    },
  }
}

/** Restores of a kernel whose map is not known, and taken to hold all that is asked for. */
export function trustingRestorer(): Restorer {
  const whatever = (): Restored => ({ ok: true, order: null, again: false })
  return { folio: whatever, pages: () => null, phys: whatever }
}

/** min(count_trailing_zeros(pfn), ilog2(left)) */
function stepOrder(pfn: number, left: number): number {
  let order = 0
  while (pfn % 2 ** (order + 1) === 0 && 2 ** (order + 1) <= left) order++
  return order
}
