import { SCRATCH_ENTRY, type ScratchArea } from '../../formats/handoff/scratch.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { type Place, type Range, rangesCover, rangesTouch } from '../../formats/memory/range.js'
import { u64, viewOf } from '../../formats/memory/u64.js'

const PAGE = 4096

/**
 * The scratch areas that a kernel is about to hand over, in a dump of before the jump: the array is at the address that the
 * record names only after it, but a copy of it waits to be put there, and the kernel has its own; each at the start of a page
 * (kho_fill_kimage() and kho_reserve_scratch()). Null where no page, or pages that do not agree, look like one.
 *
 * @param array where the next kernel will find it: kexec puts it into one of the areas
 * @param kept what is preserved: never in scratch
 */
export function findStagedScratch(
  memory: PhysicalMemory,
  array: Place,
  ram: readonly Range[],
  kept: readonly Range[],
): ScratchArea[] | null {
  const count = Math.floor(array.size / SCRATCH_ENTRY)
  let found: ScratchArea[] | null = null
  for (const { phys, bytes } of memory.blocks('written')) {
    for (let at = (PAGE - (phys % PAGE)) % PAGE; at + array.size <= bytes.length; at += PAGE) {
      const areas = readAreas(bytes.subarray(at, at + array.size), count)
      if (areas === null || !isScratch(areas, array, ram, kept)) continue
      if (found !== null && !same(found, areas)) return null
      found = areas
    }
  }
  return found
}

function readAreas(bytes: Uint8Array, count: number): ScratchArea[] | null {
  const view = viewOf(bytes)
  const areas: ScratchArea[] = []
  for (let n = 0; n < count; n++) {
    const start = u64(view, n * SCRATCH_ENTRY)
    const size = u64(view, n * SCRATCH_ENTRY + 8)
    if (start === 0 || size === 0 || start % PAGE !== 0 || size % PAGE !== 0) return null
    if (start + size > ADDRESS_LIMIT) return null
    areas.push({ start, size })
  }
  return areas.length === 0 ? null : areas
}

function isScratch(
  areas: readonly ScratchArea[],
  array: Place,
  ram: readonly Range[],
  kept: readonly Range[],
): boolean {
  const ranges = areas.map(({ start, size }) => ({ start, end: start + size }))
  const sorted = [...ranges].sort((a, b) => a.start - b.start)
  return (
    ranges.every(({ start, end }) => rangesCover(ram, start, end) && !rangesTouch(kept, start, end)) &&
    sorted.every(({ start }, n) => n === 0 || start >= sorted[n - 1]!.end) &&
    ranges.some(({ start, end }) => start <= array.address && array.address + array.size <= end)
  )
}

function same(a: readonly ScratchArea[], b: readonly ScratchArea[]): boolean {
  return a.every(({ start, size }, n) => start === b[n]?.start && size === b[n]?.size)
}
