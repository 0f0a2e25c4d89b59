import type { Geometry } from '../../memory/geometry.js'

/** What follows from a page size for the radix tree. include/linux/kho/abi/kexec_handover.h, 7.2. */
export interface RadixShape {
  /** KHO_ORDER_0_LOG2: position of the order bit of an order-0 key. */
  order0: number
  /** KHO_TABLE_SIZE_LOG2: bits of a key that one table resolves. */
  tableLog2: number
  /** KHO_BITMAP_SIZE_LOG2: bits of a key that a leaf resolves. */
  bitmapLog2: number
  /** KHO_TREE_MAX_DEPTH: levels, leaf included. */
  depth: number
}

/**
 * The shape of the tree for a page size. `depth` overrides the number of levels: up to 7.1-rc5 it was one too small
 * for 16K pages (d64b0372760e), and order-0 keys lost their order bit.
 */
export function radixShape(geometry: Geometry, depth?: number): RadixShape {
  const order0 = 64 - geometry.pageShift
  const tableLog2 = geometry.pageShift - 3
  const bitmapLog2 = geometry.pageShift + 3
  const levels = Math.ceil((order0 - bitmapLog2 + 1) / tableLog2) + 1
  return { order0, tableLog2, bitmapLog2, depth: depth ?? levels }
}

/** Depth before the fix: 6, 4, 4 for pages of 4K, 16K, 64K. */
export function shortDepth(geometry: Geometry): number {
  const { order0, tableLog2, bitmapLog2 } = radixShape(geometry)
  return Math.ceil((order0 - bitmapLog2) / tableLog2) + 1
}

/** Bits of the key below the index of a level's table. */
export function levelShift(shape: RadixShape, level: number): number {
  return (level - 1) * shape.tableLog2 + shape.bitmapLog2
}

/** Slots of the root that a key can reach: those above set a bit above the order bit of order 0. */
export function rootSlots(shape: RadixShape): number {
  return Math.floor(2 ** (shape.order0 + 1 - levelShift(shape, shape.depth - 1)))
}

/**
 * First key value that carries an order bit for sure, in trees that lost that of order 0; 0 for sound trees. Without RAM
 * known, take it that no order above 20 and no RAM above 2^(order0-20) pages exists.
 */
export function bareKeyLimit(geometry: Geometry, shape: RadixShape, ramEnd = 2 ** 44): number {
  const short = shape.depth < radixShape(geometry).depth
  return short ? Math.ceil(ramEnd / geometry.pageSize) : 0
}

/**
 * What the keys behind a prefix mean, where the order bit is in the prefix: bit 0 is block `first` of the order. Null for
 * prefix 0, whose keys have their order bits themselves. kho_radix_decode_key() in kernel/liveupdate/kexec_handover.c, 7.2.
 */
export function prefixMeaning(
  shape: RadixShape,
  prefix: number,
  bareLimit: number,
): { order: number; first: number } | null {
  if (prefix < bareLimit) return { order: 0, first: prefix }
  if (prefix === 0) return null
  // Exact, because the bits that a leaf resolves are 0: no prefix is so close to a power of two that its logarithm rounds.
  const top = Math.floor(Math.log2(prefix))
  return { order: shape.order0 - top, first: prefix - 2 ** top }
}
