import { KHO_ARRAY, KHO_ARRAY_ELEMENT, KHO_ARRAY_MAGIC, KHO_ARRAY_PAGE } from '../../layout/kho-array.js'
import { offsetOf } from '../../layout/struct.js'
import type { Geometry } from '../../memory/geometry.js'

/*
 * struct kho_array of the RFC of 9 September 2025: a header, pages of { next, startpos, entries[] }, and entries that
 * are *virtual* addresses in the old kernel's direct map, each of a { phys_start, order, reserved, bitmap } element.
 */
export const ARRAY_HEADER = KHO_ARRAY.size
export const ARRAY_PAGE_HEADER = KHO_ARRAY_PAGE.size
export const ELEMENT_SIZE = KHO_ARRAY_ELEMENT.size
/** Elements come from a slab of this size. */
export const ELEMENT_OBJECT = 32
/** Bitmaps are those of the 6.17 candidates that the series was made on. */
export const ARRAY_BITMAP = 512
/** Start of the x86-64 direct map without address randomisation; with it, it moves in steps of 1 GiB. */
export const DIRECT_MAP = 0xffff_8880_0000_0000n

/** Where the header has its words. */
export const HEADER = {
  magic: offsetOf(KHO_ARRAY, 'magic'),
  version: offsetOf(KHO_ARRAY, 'version'),
  first: offsetOf(KHO_ARRAY, 'first'),
}
export const PAGE_NEXT = offsetOf(KHO_ARRAY_PAGE, 'next')
export const PAGE_START = offsetOf(KHO_ARRAY_PAGE, 'startpos')
/** Where an element has its words. */
export const ELEMENT = {
  physStart: offsetOf(KHO_ARRAY_ELEMENT, 'physStart'),
  order: offsetOf(KHO_ARRAY_ELEMENT, 'order'),
  reserved: offsetOf(KHO_ARRAY_ELEMENT, 'reserved'),
  bitmap: offsetOf(KHO_ARRAY_ELEMENT, 'bitmap'),
}

/** The number 'KARR', and version 0. */
export function isArrayHeader(view: DataView): boolean {
  return view.getUint32(HEADER.magic, true) === KHO_ARRAY_MAGIC && view.getUint16(HEADER.version, true) === 0
}

/** Entries in one page: 510, 2046 or 8190. */
export function arrayCapacity(geometry: Geometry): number {
  return (geometry.pageSize - ARRAY_PAGE_HEADER) / 8
}
