import type { PhysicalMemory, Present } from '../../formats/memory/physical-memory.js'
import { type Range, rangesCover, rangesTouch } from '../../formats/memory/range.js'

/** No machine has RAM above this, as long as nothing says otherwise: 46 bits, the most that 4-level x86-64 maps. */
export const RAM_LIMIT = 2 ** 46

/** Pieces in which what a dump has of a range is told from what it has not: no structure is cut finer. */
const PIECE = 512

/** True where `[address, address + length)` is RAM; `ram` is null where nothing says what all of RAM is. */
export function isRam(ram: readonly Range[] | null, address: number, length: number): boolean {
  return ram === null ? address + length <= RAM_LIMIT : rangesCover(ram, address, address + length)
}

/** A dump's memory in which RAM that the dump lacks reads as zero: an assumption, to be named with what rests on it. */
export function zeroFilled(memory: PhysicalMemory, ram: readonly Range[] | null): PhysicalMemory {
  return {
    ...memory,
    ranges: memory.ranges,
    inputSize: memory.inputSize,
    blocks: which => memory.blocks(which),
    read(phys, length) {
      const read = memory.read(phys, length)
      return read.ok || !isRam(ram, phys, length) ? read : readOverZeros(memory, phys, length)
    },
  }
}

/** What a dump has of a range, over zeros. */
export function readOverZeros(memory: PhysicalMemory, address: number, length: number): Present {
  const bytes = new Uint8Array(length)
  const result: Present = { ok: true, bytes, offset: null }
  if (!rangesTouch(memory.ranges, address, address + length)) return result
  for (let at = address; at < address + length; ) {
    const size = Math.min(PIECE - (at % PIECE), address + length - at)
    const read = memory.read(at, size)
    if (read.ok) bytes.set(read.bytes, at - address)
    at += size
  }
  return result
}
