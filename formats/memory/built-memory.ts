import { checkRequest, type PhysicalMemory, type Present } from './physical-memory.js'
import { type Range, rangesTouch } from './range.js'

/** Bytes, and where they lie. */
export interface Extent {
  phys: number
  bytes: Uint8Array
}

/** Pages by address; those that lie one behind the other in one piece of memory are one extent of it. */
export function extentsOf(pages: ReadonlyMap<number, Uint8Array>, pageSize: number): Extent[] {
  const extents: Extent[] = []
  const numbers = Float64Array.from(pages.keys()).sort()
  for (let i = 0; i < numbers.length; ) {
    const first = pages.get(numbers[i]!)!
    const { buffer, byteOffset } = first
    let count = 1
    for (; i + count < numbers.length && numbers[i + count] === numbers[i]! + count; count++) {
      const page = pages.get(numbers[i + count]!)!
      if (page.buffer !== buffer || page.byteOffset !== byteOffset + count * pageSize) break
    }
    const bytes = count === 1 ? first : new Uint8Array(buffer, byteOffset, count * pageSize)
    extents.push({ phys: numbers[i]! * pageSize, bytes })
    i += count
  }
  return extents
}

/** Copies of all bytes, by address, merged where they touch. */
export function segmentsOf(pages: ReadonlyMap<number, Uint8Array>, pageSize: number): Extent[] {
  const segments: Extent[] = []
  const extents = extentsOf(pages, pageSize)
  for (let i = 0; i < extents.length; ) {
    const { phys } = extents[i]!
    let size = 0
    let end = i
    while (end < extents.length && extents[end]!.phys === phys + size) size += extents[end++]!.bytes.length
    const bytes = new Uint8Array(size)
    for (; i < end; i++) bytes.set(extents[i]!.bytes, extents[i]!.phys - phys)
    segments.push({ phys, bytes })
  }
  return segments
}

/** Pages as a decoder sees them: what was never written is `outside`, or `excluded` where it is RAM. */
export function builtMemory(
  pages: ReadonlyMap<number, Uint8Array>,
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
      const bytes = length === pageSize ? page : page.subarray(within, within + length)
      return { ok: true, bytes, offset: null }
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
export function inOnePiece(
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
