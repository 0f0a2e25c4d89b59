import { KhoError } from '../error.js'
import { hex } from './fault.js'
import type { Geometry } from './geometry.js'
import { checkRequest, type PhysicalMemory, type Present } from './physical-memory.js'
import { mergeRanges, type Range, rangeIndex, rangesTouch } from './range.js'

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
  /** The `count` pages at `address`, for a caller who says where: zeroed, or what is there already. */
  place(address: number, count: number): BuiltPages
  /** Takes a range out of what may be allocated, without giving it bytes. */
  reserve(start: number, end: number): void
  /** Gives pages back. Their bytes go too. */
  free(address: number, count: number): void
  /** Pages allocated so far, without those given back. */
  readonly allocated: number
  /** The bytes that exist, by address, merged where they touch. */
  segments(): { phys: number; bytes: Uint8Array }[]
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
  const slabs = new Map<number, { address: number; bytes: Uint8Array; used: number }>()
  let piece = new Uint8Array(0)
  let allocated = 0
  let cursor = startAt(ram, options.seed ?? 0, pageSize)

  const allocate = (count = 1, align = ceilPowerOfTwo(count)): BuiltPages => {
    const address = findFree(count * pageSize, align * pageSize)
    cursor = address + count * pageSize
    const bytes = freshBytes(count * pageSize)
    for (let i = 0; i < count; i++) {
      pages.set(address / pageSize + i, bytes.subarray(i * pageSize, (i + 1) * pageSize))
    }
    allocated += count
    return { address, bytes }
  }

  /** Zeros of their own: small ones are cut from a larger piece, as an allocation for each page costs more than its bytes. */
  function freshBytes(size: number): Uint8Array {
    if (size > PIECE_BYTES / 4) return new Uint8Array(size)
    if (piece.length < size) piece = new Uint8Array(PIECE_BYTES)
    const bytes = piece.subarray(0, size)
    piece = piece.subarray(size)
    return bytes
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
    for (const list of [closed, reserved, taken]) {
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

  return {
    geometry,
    allocate,
    allocateObject(size) {
      const slab = slabs.get(size)
      if (slab !== undefined && slab.used + size <= pageSize) {
        const object = {
          address: slab.address + slab.used,
          bytes: slab.bytes.subarray(slab.used, slab.used + size),
        }
        slab.used += size
        return object
      }
      const page = allocate()
      slabs.set(size, { ...page, used: size })
      return { address: page.address, bytes: page.bytes.subarray(0, size) }
    },
    place(address, count) {
      if (address % pageSize !== 0)
        throw new KhoError('usage', `${hex(address)} is not page aligned`, { address })
      const first = address / pageSize
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
    segments: () => collectSegments(pages, pageSize),
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

function collectSegments(
  pages: Map<number, Uint8Array>,
  pageSize: number,
): { phys: number; bytes: Uint8Array }[] {
  const numbers = [...pages.keys()].sort((a, b) => a - b)
  const segments: { phys: number; bytes: Uint8Array }[] = []
  for (let i = 0; i < numbers.length; ) {
    let end = i + 1
    while (end < numbers.length && numbers[end] === numbers[end - 1]! + 1) end++
    const bytes = new Uint8Array((end - i) * pageSize)
    for (let at = i; at < end; at++) bytes.set(pages.get(numbers[at]!)!, (at - i) * pageSize)
    segments.push({ phys: numbers[i]! * pageSize, bytes })
    i = end
  }
  return segments
}

function builtMemory(
  pages: Map<number, Uint8Array>,
  pageSize: number,
  ram: readonly Range[],
): PhysicalMemory {
  const read = (
    phys: number,
    length: number,
  ): Present | { ok: false; reason: 'outside' | 'excluded'; address: number } => {
    checkRequest(phys, length)
    const first = Math.floor(phys / pageSize)
    const within = phys - first * pageSize
    const page = pages.get(first)
    if (page !== undefined && within + length <= pageSize) {
      return { ok: true, bytes: page.subarray(within, within + length), offset: null }
    }
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const at = phys + done
      const piece = pages.get(Math.floor(at / pageSize))
      if (piece === undefined) {
        return { ok: false, reason: rangesTouch(ram, at, at + 1) ? 'excluded' : 'outside', address: at }
      }
      const from = at % pageSize
      const count = Math.min(pageSize - from, length - done)
      bytes.set(piece.subarray(from, from + count), done)
      done += count
    }
    return { ok: true, bytes, offset: null }
  }
  return {
    ranges: ram,
    inputSize: pages.size * pageSize,
    read,
    *blocks() {
      for (const number of [...pages.keys()].sort((a, b) => a - b)) {
        yield { phys: number * pageSize, bytes: pages.get(number)!, offset: null }
      }
    },
  }
}

/** Pages that are there and lie one behind the other in one piece, as they were allocated; else null. */
function inOnePiece(
  pages: ReadonlyMap<number, Uint8Array>,
  first: number,
  count: number,
  pageSize: number,
): Uint8Array | null {
  const start = pages.get(first)
  if (start === undefined) return null
  for (let i = 1; i < count; i++) {
    const page = pages.get(first + i)
    if (page?.buffer !== start.buffer || page.byteOffset !== start.byteOffset + i * pageSize) return null
  }
  return new Uint8Array(start.buffer, start.byteOffset, count * pageSize)
}
