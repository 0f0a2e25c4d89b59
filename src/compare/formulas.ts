import type { Geometry } from '../../formats/memory/geometry.js'
import { tableShift } from '../../formats/trackers/page-table/index.js'

/** Bytes of bitmaps with a bit for each block of an order in so much memory. Mail of 27 March 2025: 512 KiB for 16 GiB of 4K. */
export function bitmapBytes(memory: number, order: number, geometry: Geometry): number {
  return Math.ceil(memory / (geometry.pageSize * 2 ** order) / 8)
}

/** Bytes of memory that one table of a level reaches, level 1 being a bitmap. The same mail: 128 MiB, 64 GiB, 32 TiB, 16 PiB. */
export function tableReach(level: number, geometry: Geometry): number {
  return 2 ** tableShift(geometry, level + 1)
}
