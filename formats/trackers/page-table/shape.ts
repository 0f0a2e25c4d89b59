import type { Geometry } from '../../memory/geometry.js'

/*
 * The page-table-like proposal of March and April 2025: one tree a page order, four levels, bitmaps at the lowest.
 * Levels are numbered 4 (root) to 1 (bitmap); descriptors are physical addresses whose low bits are reserved.
 */
export const TABLE_LEVELS = 4
/** NR_PAGE_ORDERS: entries of the `metadata` array, so the orders that the format can say. */
export const TABLE_ORDERS = 11

/** Bits of an address below the index of a level, for order 0. */
export function tableShift(geometry: Geometry, level: number): number {
  if (level === 1) return geometry.pageShift
  return geometry.pageShift + geometry.pageShift + 3 + (level - 2) * (geometry.pageShift - 3)
}

/** Blocks that one slot of a level's table stands for; one for a bit of a bitmap. */
export function levelBlocks(geometry: Geometry, level: number): number {
  return 2 ** (tableShift(geometry, level) - geometry.pageShift)
}

/** Descriptors of a level's table that an address below 2^64 can reach; the top level of 16K and 64K has fewer. */
export function tableSlots(geometry: Geometry, level: number, order: number): number {
  const shift = tableShift(geometry, level) + order
  return shift >= 64 ? 1 : Math.min(geometry.tableEntries, 2 ** (64 - shift))
}

/** Bytes of memory that one table or bitmap of a level reaches: 128 MiB, 64 GiB, 32 TiB, 16 PiB with pages of 4K. */
export function tableReach(geometry: Geometry, level: number): number {
  return 2 ** tableShift(geometry, level + 1)
}
