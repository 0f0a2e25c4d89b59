import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { type PhysicalMemory, presentRanges } from '../../../formats/memory/physical-memory.js'
import type { Range } from '../../../formats/memory/range.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { isRam, RAM_LIMIT, zeroFilled } from '../../image/zero-memory.js'

/** Why a reading kernel gets no further. `unknown`: the bytes that decide are not in the dump. */
export interface Stop {
  kind: 'oops' | 'loop' | 'unknown'
  message: string
  /** Physical address at which it happens. */
  address: number | null
}

/**
 * What the CPU does where the kernel cannot go on: never leaves this folder, and is no error of the tool's. It has no stack
 * of ours, which would be taken down for each of the files that a state may have.
 */
export class Halt {
  constructor(readonly stop: Stop) {}
}

/**
 * A pointer, so that sums with it come out as the kernel's: one of the last page of 2^64 wraps around to the first of memory.
 */
export function pointerAt(view: DataView, offset: number): number {
  const raw = view.getBigUint64(offset, true)
  return raw >= 2n ** 64n - 4096n ? Number(BigInt.asIntN(64, raw)) : u64(view, offset)
}

/** Memory as a booting kernel meets it: every address of RAM can be read, any other is a fault of its own. */
export interface ReaderMemory {
  /** The bytes, or null after `stop` was called with the reason. */
  load(address: number, length: number): Uint8Array | null
  /** The bytes. @throws Halt where the kernel faults, or the dump lacks them */
  read(address: number, length: number): Uint8Array
  /** Contents, which are nobody's structure: null where the dump lacks them. @throws Halt where they are no RAM */
  contents(address: number, length: number): Uint8Array | null
  /** A native u64. @throws Halt */
  u64(address: number): number
  /** The bytes where the dump has them all and the kernel can read them; null, and nothing was looked at, where not. */
  whole(address: number, length: number): Uint8Array | null
  /** True where the dump has all of these bytes. Stops nothing. */
  has(address: number, length: number): boolean
  /** All that the dump has, sorted. */
  present(): readonly Range[]
  /** False where an address is known to be no RAM. Stops nothing. */
  isRam(address: number): boolean
  /** False, after `stop`, where an address has no struct page. */
  page(address: number): boolean
  /** True where a whole range of addresses has struct pages, without a word when not. */
  pages(start: number, end: number): boolean
  /** All of RAM, sorted; null where that is not known. */
  ram(): readonly Range[] | null
  /** From now on early boot allocates from an area: what is there when the map is read is not what was handed over. */
  overwrite(area: Range): void
  /** A kernel's own image, or what came with it, is there from the beginning. */
  take(range: Range): void
  /** Where either is: what the image has there is not what is read. */
  changed(): readonly Range[]
  /** True where an address is in either: what the image has there is not what is read. */
  lost(address: number): boolean
  /** False, after `stop`, for a page of the map that lies where the kernel or its early boot has put things of its own. */
  intact(address: number): boolean
  /** Takes the page of an address out of the direct map: reading it is a fault from now on. */
  unmap(address: number): void
  /** False where the page of an address was taken out of the direct map. */
  mapped(address: number): boolean
  /** False where any page was. */
  allMapped(): boolean
  stop(stop: Stop): void
  stopped(): Stop | null
  /** What was taken for granted, in words. */
  readonly assumptions: Set<string>
  /** Pages that were looked at, by address, contents aside. */
  readonly touched: Set<number>
}

/** Bytes of one memory section, the unit in which struct pages exist: SECTION_SIZE_BITS of x86-64 and arm64. */
function sectionSize(geometry: Geometry): number {
  return geometry.pageShift === 16 ? 2 ** 29 : 2 ** 27
}

/** True where one of the ranges has an address. */
function isIn(ranges: readonly Range[], address: number): boolean {
  return ranges.some(({ start, end }) => start <= address && address < end)
}

/** A booting kernel's view of a dump. `ram` is null where the dump does not say what all of RAM is. */
export function createReaderMemory(
  memory: PhysicalMemory,
  geometry: Geometry,
  ram: readonly Range[] | null,
  absentIsZero: boolean,
  standIns: number | null = null,
): ReaderMemory {
  let stopped: Stop | null = null
  const assumptions = new Set<string>()
  const touched = new Set<number>()
  let lastTouched = -1
  const section = sectionSize(geometry)
  const sections = ram?.map(range => ({
    start: Math.floor(range.start / section) * section,
    end: Math.ceil(range.end / section) * section,
  }))
  const unmapped = new Set<number>()
  const overwritten: Range[] = []
  const taken: Range[] = []
  const pageOf = (address: number) => Math.floor(address / geometry.pageSize)
  const stop = (reason: Stop) => {
    stopped ??= reason
  }
  const zeros = zeroFilled(memory, ram)
  const pages = (start: number, end: number) =>
    sections === undefined
      ? end <= RAM_LIMIT
      : sections.some(range => start >= range.start && end <= range.end)

  /** Addresses that stand for one that a copy of debugfs does not tell: no machine's. */
  const standIn = (address: number) => standIns !== null && address >= standIns
  const touch = (address: number, length: number) => {
    const { pageSize } = geometry
    for (let page = address - (address % pageSize); page < address + length; page += pageSize) {
      // Fields are read one by one: most are on the page of the last.
      if (page === lastTouched) continue
      touched.add(page)
      lastTouched = page
    }
  }
  const lacksMapping = (address: number, length: number) => {
    if (unmapped.size === 0) return false
    for (let page = pageOf(address); page <= pageOf(address + length - 1); page++) {
      if (unmapped.has(page)) return true
    }
    return false
  }
  const present = (address: number, length: number) => {
    const read = address < RAM_LIMIT * 64 ? memory.read(address, length) : null
    return read?.ok ? read.bytes : null
  }
  /** The bytes, or why the kernel does not have them. */
  const fetch = (address: number, length: number, touches = true): Uint8Array | Stop => {
    if (address < 0) return { kind: 'oops', message: 'access below all memory', address: null }
    if (lacksMapping(address, length)) {
      return { kind: 'oops', message: `access to ${hex(address)}, which is not in the direct map`, address }
    }
    const bytes = present(address, length)
    if (bytes !== null) {
      if (touches) touch(address, length)
      return bytes
    }
    if (!isRam(ram, address, length) && !standIn(address)) {
      return { kind: 'oops', message: `access to ${hex(address)}, which is no RAM`, address }
    }
    if (touches) touch(address, length)
    if (!absentIsZero) {
      return { kind: 'unknown', message: `${hex(address)} decides, and is not in the dump`, address }
    }
    assumptions.add('memory that the dump lacks reads as zero')
    const filled = zeros.read(address, length)
    return filled.ok ? filled.bytes : { kind: 'oops', message: `access to ${hex(address)}`, address }
  }
  const read = (address: number, length: number) => {
    const found = fetch(address, length)
    if (found instanceof Uint8Array) return found
    throw new Halt(found)
  }

  return {
    assumptions,
    touched,
    overwrite(area) {
      // __memblock_find_range_top_down(), while kho_scratch_only (mm/memblock.c 6.16 to 7.3): lower areas are whole for long.
      if (overwritten.every(other => other.start < area.start)) overwritten.splice(0, 1, area)
    },
    take: range => taken.push(range),
    changed: () => [...taken, ...overwritten],
    lost: address => isIn(taken, address) || isIn(overwritten, address),
    intact(address) {
      if (isIn(taken, address)) {
        const message = `${hex(address)} lies in scratch, where the kernel itself is, or its initramfs`
        stop({ kind: 'oops', message, address })
        return false
      }
      if (!isIn(overwritten, address)) return true
      const message = `${hex(address)} lies in scratch: by now things of early boot are there`
      stop({ kind: 'oops', message, address })
      return false
    },
    unmap: address => unmapped.add(pageOf(address)),
    mapped: address => !unmapped.has(pageOf(address)),
    allMapped: () => unmapped.size === 0,
    stop,
    ram: () => ram,
    stopped: () => stopped,
    present: () => presentRanges(memory),
    whole(address, length) {
      const bytes = address < 0 || lacksMapping(address, length) ? null : present(address, length)
      if (bytes !== null) touch(address, length)
      return bytes
    },
    has: (address, length) => address >= 0 && address < RAM_LIMIT * 64 && memory.read(address, length).ok,
    isRam: address =>
      address >= 0 &&
      address < RAM_LIMIT * 64 &&
      (standIn(address) || memory.read(address, 1).ok || isRam(ram, address, 1)),
    load(address, length) {
      if (stopped !== null) return null
      const found = fetch(address, length)
      if (found instanceof Uint8Array) return found
      stop(found)
      return null
    },
    read,
    contents(address, length) {
      const found = fetch(address, length, false)
      if (found instanceof Uint8Array) return found
      if (found.kind === 'unknown') return null
      throw new Halt(found)
    },
    u64: address => pointerAt(viewOf(read(address, 8)), 0),
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
