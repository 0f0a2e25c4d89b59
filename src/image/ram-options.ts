import { KhoError } from '../../formats/error.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { mergeRanges, type Range, rangesCover } from '../../formats/memory/range.js'

/**
 * A memory that also knows of RAM that the dump does not mention: what the dump lacks there is `excluded`, not
 * `outside`.
 *
 * @throws KhoError `usage` for a range that is none.
 */
export function withRam(memory: PhysicalMemory, ram: readonly Range[]): PhysicalMemory {
  if (ram.length === 0) return memory
  for (const { start, end } of ram) {
    const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end)
    if (!whole || start < 0 || end <= start || end > ADDRESS_LIMIT) {
      throw new KhoError('usage', `no range of RAM: ${hex(start)}-${hex(end)}`)
    }
  }
  const ranges = mergeRanges([...memory.ranges, ...ram])
  return {
    ...memory,
    ranges,
    read(phys, length) {
      const result = memory.read(phys, length)
      if (result.ok || result.reason !== 'outside') return result
      const known = rangesCover(ranges, result.address, result.address + 1)
      return known ? { ...result, reason: 'excluded' } : result
    },
    blocks: which => memory.blocks(which),
  }
}

/** A memory whose bytes have no place in the file that the user sees, because that one is compressed. */
export function withoutOffsets(memory: PhysicalMemory): PhysicalMemory {
  return {
    ...memory,
    read(phys, length) {
      const result = memory.read(phys, length)
      return result.ok ? { ...result, offset: null } : result
    },
    *blocks(which) {
      for (const block of memory.blocks(which)) yield { ...block, offset: null }
    },
  }
}

/** I/O APICs, local APICs and firmware of a PC lie from here to 4 GiB: no RAM. arch/x86/include/asm/apicdef.h of 7.2. */
const PC_DEVICES = { start: 0xfec00000, end: 2 ** 32 }

/** Ranges of a dump that are RAM: QEMU's dump-guest-memory writes a PC's flash too. */
export function withoutFlash(ranges: readonly Range[], machine: string | null): readonly Range[] {
  if (machine !== 'x86_64') return ranges
  return ranges.filter(({ start, end }) => start < PC_DEVICES.start || end > PC_DEVICES.end)
}
