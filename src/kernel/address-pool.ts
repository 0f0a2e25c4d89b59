import { KhoError } from '../../formats/error.js'
import { mergeRanges, type Range, rangeIndex } from '../../formats/memory/range.js'

/** Free memory, from which users' pages are handed out before any page of metadata is placed. */
export interface AddressPool {
  /** A free range of `size` bytes, aligned, taken from then on. The search goes on where the last one ended. */
  take(size: number, align: number): number
  /** Takes a range out, whether or not it is free. */
  remove(start: number, end: number): void
  /** Where the next search begins. */
  seek(address: number): void
}

/** A pool of RAM without what is closed. */
export function createAddressPool(ram: readonly Range[], closed: readonly Range[]): AddressPool {
  const free: Range[] = mergeRanges(ram)
  let cursor = free[0]?.start ?? 0

  const remove = (start: number, end: number) => {
    if (end <= start) return
    for (let at = Math.max(0, rangeIndex(free, start)); at < free.length && free[at]!.start < end; ) {
      const range = free[at]!
      const rest = [
        { start: range.start, end: Math.min(range.end, start) },
        { start: Math.max(range.start, end), end: range.end },
      ].filter(part => part.end > part.start)
      free.splice(at, 1, ...rest)
      at += rest.length
    }
  }
  for (const { start, end } of closed) remove(start, end)

  const search = (from: number, size: number, align: number): number | null => {
    for (let at = Math.max(0, rangeIndex(free, from)); at < free.length; at++) {
      const { start, end } = free[at]!
      const address = Math.ceil(Math.max(start, from) / align) * align
      if (address + size <= end) return address
    }
    return null
  }

  return {
    take(size, align) {
      const address = search(cursor, size, align) ?? search(0, size, align)
      if (address === null) {
        throw new KhoError(
          'no-space',
          `the machine has no ${size} free bytes in a row, aligned to ${align}`,
          {
            hint: 'give the machine more RAM',
          },
        )
      }
      remove(address, address + size)
      cursor = address + size
      return address
    },
    remove,
    seek(address) {
      cursor = address
    },
  }
}
