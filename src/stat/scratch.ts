import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { sizeOfRanges } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import type { Room } from '../kernel/reader/room.js'

/** How much of scratch held something, told from pages that lie evenly in it. */
export interface ScratchFill {
  /** Pages of all areas. */
  pages: number
  /** Pages that were looked at. */
  looked: number
  /** Pages of those that the dump has. */
  present: number
  /** Pages of those that hold anything but zeros. */
  used: number
}

/** The areas that the next kernel boots in. */
export interface ScratchStat {
  areas: number
  /** Null where they come to more than memory can have. */
  bytes: number | null
  /** Null where the areas are none that memory can have. */
  fill: ScratchFill | null
}

/** What kernels have to boot in. Null is what is not known. */
export interface RoomStat {
  /** Bytes of struct pages, which a kernel up to 7.2 must find room for in scratch. */
  memmapBytes: number | null
  /** Pages of 1 GiB that fit into scratch: where kernels up to 7.2 have to look for them. */
  gigantic: number | null
  /** What a kernel from 7.3 on opens beside scratch; null where none reads this layout. */
  opened: {
    kernel: string
    ranges: number | null
    bytes: number | null
    gigantic: number | null
    notKnown: string | null
  } | null
}

/** Bytes of scratch that are looked at, whatever its size. */
const MOST_LOOKED = 2 ** 23

/** The areas, and how full they were. Null where nothing readable says. */
export function scratchStat(state: KhoState): ScratchStat | null {
  const { scratch } = state
  if (scratch === null) return null
  const bytes = scratch.reduce((sum, { size }) => sum + size, 0)
  const possible = bytes < ADDRESS_LIMIT
  return { areas: scratch.length, bytes: possible ? bytes : null, fill: possible ? fillOf(state) : null }
}

function fillOf({ scratch, geometry: { pageSize }, image: { memory } }: KhoState): ScratchFill | null {
  const areas = (scratch ?? []).filter(({ start, size }) => start + size < ADDRESS_LIMIT && size >= pageSize)
  const pages = areas.reduce((sum, { size }) => sum + Math.floor(size / pageSize), 0)
  if (pages === 0) return null
  const step = Math.max(1, Math.ceil(pages / Math.max(1, Math.floor(MOST_LOOKED / pageSize))))
  const fill: ScratchFill = { pages, looked: 0, present: 0, used: 0 }
  let next = 0
  let first = 0
  for (const { start, size } of areas) {
    const end = first + Math.floor(size / pageSize)
    for (; next < end; next += step) {
      fill.looked++
      const read = memory.read(start + (next - first) * pageSize, pageSize)
      if (!read.ok) continue
      fill.present++
      if (read.bytes.some(byte => byte !== 0)) fill.used++
    }
    first = end
  }
  return fill
}

/** The room that is there to boot in, in numbers. */
export function roomStat({ memmapBytes, gigantic, opened }: Room): RoomStat {
  if (opened === null) return { memmapBytes, gigantic, opened }
  const { kernel, ranges, reason } = opened
  return {
    memmapBytes,
    gigantic,
    opened: {
      kernel,
      ranges: ranges?.length ?? null,
      bytes: ranges && sizeOfRanges(ranges),
      gigantic: opened.gigantic,
      notKnown: reason,
    },
  }
}
