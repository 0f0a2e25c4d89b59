import { hex } from '../../formats/memory/fault.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import type { Range } from '../../formats/memory/range.js'
import { isRam, RAM_LIMIT, zeroFilled } from '../image/zero-memory.js'

/** Why a reading kernel gets no further. `unknown`: the bytes that decide are not in the dump. */
export interface Stop {
  kind: 'oops' | 'loop' | 'unknown'
  message: string
  /** Physical address at which it happens. */
  address: number | null
}

/** Memory as a booting kernel meets it: every address of RAM can be read, any other is a fault of its own. */
export interface ReaderMemory {
  /** The bytes, or null after `stop` was called with the reason. */
  load(address: number, length: number): Uint8Array | null
  /** False where an address is known to be no RAM. Stops nothing. */
  isRam(address: number): boolean
  /** False, after `stop`, where an address has no struct page. */
  page(address: number): boolean
  /** True where a whole range of addresses has struct pages, without a word when not. */
  pages(start: number, end: number): boolean
  stop(stop: Stop): void
  stopped(): Stop | null
  /** What was taken for granted, in words. */
  readonly assumptions: Set<string>
}

/** Bytes of one memory section, the unit in which struct pages exist: SECTION_SIZE_BITS of x86-64 and arm64. */
function sectionSize(geometry: Geometry): number {
  return geometry.pageShift === 16 ? 2 ** 29 : 2 ** 27
}

/** A booting kernel's view of a dump. `ram` is null where the dump does not say what all of RAM is. */
export function createReaderMemory(
  memory: PhysicalMemory,
  geometry: Geometry,
  ram: readonly Range[] | null,
  absentIsZero: boolean,
): ReaderMemory {
  let stopped: Stop | null = null
  const assumptions = new Set<string>()
  const section = sectionSize(geometry)
  const sections = ram?.map(range => ({
    start: Math.floor(range.start / section) * section,
    end: Math.ceil(range.end / section) * section,
  }))
  const stop = (reason: Stop) => {
    stopped ??= reason
  }
  const zeros = zeroFilled(memory, ram)
  const pages = (start: number, end: number) =>
    sections === undefined
      ? end <= RAM_LIMIT
      : sections.some(range => start >= range.start && end <= range.end)

  return {
    assumptions,
    stop,
    stopped: () => stopped,
    isRam: address => memory.read(address, 1).ok || isRam(ram, address, 1),
    load(address, length) {
      if (stopped !== null) return null
      const read = address < RAM_LIMIT * 64 ? memory.read(address, length) : null
      if (read?.ok) return read.bytes
      if (!isRam(ram, address, length)) {
        stop({ kind: 'oops', message: `access to ${hex(address)}, which is no RAM`, address })
        return null
      }
      if (!absentIsZero) {
        stop({ kind: 'unknown', message: `${hex(address)} decides, and is not in the dump`, address })
        return null
      }
      assumptions.add('memory that the dump lacks reads as zero')
      const filled = zeros.read(address, length)
      return filled.ok ? filled.bytes : null
    },
    page(address) {
      if (stopped !== null) return false
      if (pages(address, address + 1)) return true
      stop({
        kind: 'oops',
        message: `struct page of ${hex(address)}, which lies in no memory section`,
        address,
      })
      return false
    },
    pages,
  }
}
