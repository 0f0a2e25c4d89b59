import { KhoError } from '../error.js'
import { builtMemory, type Extent, extentsOf, inOnePiece, segmentsOf } from './built-memory.js'
import { hex } from './fault.js'
import type { Geometry } from './geometry.js'
import type { PhysicalMemory } from './physical-memory.js'
import { mergeRanges, type Range, rangeIndex } from './range.js'

/** Pages made by an encoder. */
export interface BuiltPages {
  /** Physical address. */
  address: number
  /** Zeroed at first; write into it. */
  bytes: Uint8Array
}

/** Bytes that pages are cut from. */
const PIECE_BYTES = 2 ** 18

/** What a builder needs to know of the machine. */
export interface BuilderOptions {
  geometry: Geometry
  /** RAM in which pages may be placed. */
  ram: readonly Range[]
  /** Ranges in which nothing is ever placed. */
  scratch?: readonly Range[]
  /** More of them, as mergeRanges() gives them. The builder keeps no copy: several may have one long list in common. */
  reserved?: readonly Range[]
  /** Start of the first address at or after the argument, a multiple of the page size, that is not preserved. */
  skipPreserved?: (address: number) => number
  /** Same seed, same addresses. */
  seed?: number
}

/** Memory under construction: an allocator over RAM, and the bytes written so far. */
export interface MemoryBuilder {
  readonly geometry: Geometry
  /** `count` contiguous zeroed pages, aligned to `align` pages (default: `count` rounded up to a power of two). */
  allocate(count?: number, align?: number): BuiltPages
  /** A zeroed object of a power-of-two size below a page, several to a page, as a slab would place it. */
  allocateObject(size: number): BuiltPages
  /** The same for who asks for the bytes by `place` when there is something to write: its address. */
  allocateSlot(size: number): number
  /**
   * A page that is made of these bytes, or as many objects of a size as are in one; its address. They are not copied, and may
   * be those of other pages too: what `place` gives for it is a page of its own. Null where objects of that size have begun a
   * page, so that these would not lie one behind the other in one.
   */
  adopt(bytes: Uint8Array, size?: number): number | null
  /** The `count` pages at `address`, for a caller who says where: zeroed, or what is there already. */
  place(address: number, count: number): BuiltPages
  /** Takes a range out of what may be allocated, without giving it bytes. */
  reserve(start: number, end: number): void
  /** Gives pages back. Their bytes go too. */
  free(address: number, count: number): void
  /** Pages allocated so far, without those given back. */
  readonly allocated: number
  /** The bytes that exist, by address, merged where they touch. */
  segments(): Extent[]
  /** The same without a copy, and therefore in more pieces. Never to be written to. */
  extents(): Extent[]
  /** A view of what was built, as a decoder sees it: what was never written is `outside`. */
  memory(): PhysicalMemory
}

/**
 * A builder. Placement is first fit from a place that the seed decides, so that structures lie in runs with gaps, as a
 * kernel's do; deterministic for a seed.
 */
export function createMemoryBuilder(options: BuilderOptions): MemoryBuilder {
  const { geometry, reserved = [], skipPreserved = address => address } = options
  const { pageSize } = geometry
  const ram = mergeRanges(options.ram)
  const closed = mergeRanges(options.scratch ?? [])
  const pages = new Map<number, Uint8Array>()
  const taken: Range[] = []
  /** What pages are made of that was given: not the builder's to write to. */
  const adopted = new Set<Uint8Array>()
  const obstacles = [closed, reserved, taken]
  const slabs = new Map<number, { address: number; used: number }>()
  let piece = new Uint8Array(0)
  let pieceUsed = 0
  let allocated = 0
  let cursor = startAt(ram, options.seed ?? 0, pageSize)

  const allocate = (count = 1, align = ceilPowerOfTwo(count)): BuiltPages => {
    const address = findFree(count * pageSize, align * pageSize)
    cursor = address + count * pageSize
    const bytes = freshBytes(count * pageSize)
    for (let i = 0; i < count; i++) {
      pages.set(
        address / pageSize + i,
        count === 1 ? bytes : bytes.subarray(i * pageSize, (i + 1) * pageSize),
      )
    }
    allocated += count
    return { address, bytes }
  }

  /** Zeros of their own: small ones are cut from a larger piece, as an allocation for each page costs more than its bytes. */
  function freshBytes(size: number): Uint8Array {
    if (size > PIECE_BYTES / 4) return new Uint8Array(size)
    if (pieceUsed + size > piece.length) {
      piece = new Uint8Array(PIECE_BYTES)
      pieceUsed = 0
    }
    pieceUsed += size
    return piece.subarray(pieceUsed - size, pieceUsed)
  }

  function findFree(size: number, align: number): number {
    for (const from of [cursor, 0]) {
      const found = firstFit(from, size, align)
      if (found !== null) return found
    }
    throw new KhoError(
      'no-space',
      `no ${size} free bytes in ${describe(ram)} outside scratch and what is preserved`,
      {
        hint: 'give the machine more RAM',
      },
    )
  }

  function firstFit(from: number, size: number, align: number): number | null {
    for (const range of ram) {
      let address = Math.ceil(Math.max(from, range.start, pageSize) / align) * align
      while (address + size <= range.end) {
        const next = skipTaken(address, size)
        if (next === address) return address
        address = Math.ceil(next / align) * align
      }
    }
    return null
  }

  /** `address` where all of it is free, else an address past the obstacle. */
  function skipTaken(address: number, size: number): number {
    for (const list of obstacles) {
      const index = rangeIndex(list, address + size - 1)
      const range = list[index]
      if (range !== undefined && range.end > address) return range.end
    }
    for (let page = address; page < address + size; page += pageSize) {
      if (pages.has(page / pageSize)) return page + pageSize
      const free = skipPreserved(page)
      if (free !== page) return free
    }
    return address
  }

  const allocateSlot = (size: number): number => {
    const slab = slabs.get(size)
    if (slab !== undefined && slab.used + size <= pageSize) {
      slab.used += size
      return slab.address + slab.used - size
    }
    const { address } = allocate()
    slabs.set(size, { address, used: size })
    return address
  }

  /** A page that can be written to; null where there is none. */
  function ownPage(number: number): Uint8Array | null {
    const page = pages.get(number)
    if (page === undefined || !adopted.has(page)) return page ?? null
    const own = freshBytes(pageSize)
    own.set(page)
    pages.set(number, own)
    return own
  }

  return {
    geometry,
    allocate,
    allocateObject(size) {
      const address = allocateSlot(size)
      const within = address % pageSize
      return { address, bytes: pages.get((address - within) / pageSize)!.subarray(within, within + size) }
    },
    allocateSlot,
    adopt(bytes, size = pageSize) {
      const slab = slabs.get(size)
      if (size < pageSize && slab !== undefined && slab.used + size <= pageSize) return null
      const address = findFree(pageSize, pageSize)
      cursor = address + pageSize
      pages.set(address / pageSize, bytes)
      adopted.add(bytes)
      allocated++
      if (size < pageSize) slabs.set(size, { address, used: pageSize })
      return address
    },
    place(address, count) {
      if (address % pageSize !== 0)
        throw new KhoError('usage', `${hex(address)} is not page aligned`, { address })
      const first = address / pageSize
      let one: Uint8Array | null = null
      for (let i = 0; i < count; i++) one = ownPage(first + i)
      if (count === 1 && one !== null) return { address, bytes: one }
      const kept = inOnePiece(pages, first, count, pageSize)
      if (kept !== null) return { address, bytes: kept }
      const whole = new Uint8Array(count * pageSize)
      for (let i = 0; i < count; i++) {
        const view = whole.subarray(i * pageSize, (i + 1) * pageSize)
        const old = pages.get(first + i)
        if (old !== undefined) view.set(old)
        pages.set(first + i, view)
      }
      return { address, bytes: whole }
    },
    reserve(start, end) {
      if (end > start) insertRange(taken, start, end)
    },
    free(address, count) {
      for (let i = 0; i < count; i++) pages.delete(address / pageSize + i)
      allocated -= count
      cursor = Math.min(cursor, address)
    },
    get allocated() {
      return allocated
    },
    segments: () => segmentsOf(pages, pageSize),
    extents: () => extentsOf(pages, pageSize),
    memory: () => builtMemory(pages, pageSize, ram),
  }
}

/** Adds a range to a sorted, merged list, in place. */
function insertRange(list: Range[], start: number, end: number): void {
  let from = rangeIndex(list, start)
  if (from < 0 || list[from]!.end < start) from++
  let to = from
  while (to < list.length && list[to]!.start <= end) to++
  if (to === from) {
    list.splice(from, 0, { start, end })
    return
  }
  const merged = { start: Math.min(start, list[from]!.start), end: Math.max(end, list[to - 1]!.end) }
  list.splice(from, to - from, merged)
}

function describe(ram: readonly Range[]): string {
  return ram.map(range => `${hex(range.start)}-${hex(range.end)}`).join(', ')
}

function ceilPowerOfTwo(count: number): number {
  let power = 1
  while (power < count) power *= 2
  return power
}

/** A place in the lower three quarters of RAM that a seed decides. */
function startAt(ram: readonly Range[], seed: number, pageSize: number): number {
  const start = ram[0]?.start ?? 0
  const end = ram.at(-1)?.end ?? 0
  const fraction = ((Math.imul(seed, 0x9e3779b1) >>> 0) / 2 ** 32) * 0.75
  return Math.floor((start + (end - start) * fraction) / pageSize) * pageSize
}
