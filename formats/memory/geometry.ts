/** The page sizes that a KHO kernel can have. */
export type PageShift = 12 | 14 | 16

/** Everything that follows from a page size. Formulas: include/linux/kho/abi/kexec_handover.h, 7.2. */
export interface Geometry {
  pageShift: PageShift
  /** Bytes in a page. */
  pageSize: number
  /** Bits in a page-size bitmap. */
  bitmapBits: number
  /** u64 entries in a page-size table. */
  tableEntries: number
}

/** The geometry of a page size given as a shift. */
export function geometry(pageShift: PageShift): Geometry {
  const pageSize = 2 ** pageShift
  return { pageShift, pageSize, bitmapBits: pageSize * 8, tableEntries: pageSize / 8 }
}

/** Page shifts in the order in which they are tried when nothing tells. */
export const PAGE_SHIFTS: readonly PageShift[] = [12, 14, 16]

/** Addresses and sizes are exact JavaScript numbers below this; a u64 at or above it is no address. */
export const ADDRESS_LIMIT = 2 ** 52
