import { KHO_SCRATCH } from '../layout/kho-mem.js'
import { offsetOf } from '../layout/struct.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { u64, viewOf } from '../memory/u64.js'

/** One scratch area: memory that never holds anything preserved. */
export interface ScratchArea {
  /** Physical address, bytes. */
  start: number
  /** Bytes. */
  size: number
}

/** Bytes of one struct kho_scratch: { addr, size }. include/linux/kexec_handover.h, 6.16 to 7.2. */
export const SCRATCH_ENTRY = KHO_SCRATCH.size

/** Where an area has its size. */
export const SCRATCH_AREA_SIZE = offsetOf(KHO_SCRATCH, 'size')

/**
 * Files of debugfs that list the areas, in the order in which they are looked for: addresses, and lengths. 8ebd2eb87f50
 * (7.4-rc1) calls scratch boot memory; what stands in them is the same.
 */
export const SCRATCH_FILES = [
  { addresses: 'scratch_phys', lengths: 'scratch_len' },
  { addresses: 'bootmem_phys', lengths: 'bootmem_len' },
] as const

/** More areas than this no machine has: two, and one for each NUMA node. */
const MOST_AREAS = 4096

/** An array of scratch areas, or why the bytes are none. */
export interface ScratchArray {
  areas: ScratchArea[] | null
  reason: string
}

/** Reads an array as it stands, without judging it. `areas` is null where the dump lacks it. */
export function readScratchArray(memory: PhysicalMemory, address: number, length: number): ScratchArray {
  const count = Math.floor(length / SCRATCH_ENTRY)
  if (count > MOST_AREAS)
    return { areas: null, reason: `scratch array of ${count} areas is too long to be one` }
  if (count === 0) return { areas: [], reason: `scratch array at ${hex(address)} has no entry` }
  const read = memory.read(address, count * SCRATCH_ENTRY)
  if (!read.ok)
    return { areas: null, reason: `scratch array at ${hex(address)} is not in the dump (${read.reason})` }
  const view = viewOf(read.bytes)
  const areas: ScratchArea[] = []
  for (let offset = 0; offset < read.bytes.length; offset += SCRATCH_ENTRY) {
    areas.push({ start: u64(view, offset), size: u64(view, offset + SCRATCH_AREA_SIZE) })
  }
  return { areas, reason: `scratch array at ${hex(address)}` }
}

/**
 * Why an array found through a record is not believed, or null where it is: before the jump its address still holds
 * what was there before. An array lies inside one of its own areas, because kexec segments go to scratch only.
 */
export function doubtScratchArray(
  areas: readonly ScratchArea[],
  address: number,
  length: number,
): string | null {
  const at = `at ${hex(address)}`
  if (areas.length === 0) return `scratch array ${at} has no entry`
  if (areas.every(area => area.start === 0 && area.size === 0)) {
    return `scratch array ${at} is all zero: not in place yet, the jump had not come`
  }
  for (const { start, size } of areas) {
    if (start >= ADDRESS_LIMIT || size >= ADDRESS_LIMIT || start % 4096 !== 0 || size % 4096 !== 0) {
      return `scratch array ${at} holds something else: not in place yet, the jump had not come`
    }
  }
  const inside = areas.some(area => address >= area.start && address + length <= area.start + area.size)
  return inside ? null : `scratch array ${at} lies in none of its own areas`
}
