import { lowerBound } from '../../memory/sorted.js'

/**
 * Addresses by index. Indexes that come in ascending order, as those of a whole set do, cost two numbers each, and are looked
 * for by halving; a table of them is made when one comes out of order.
 */
export interface AddressTable {
  /** 0 where there is none. */
  get(index: number): number
  /** The largest index, -1 where there is none. */
  readonly last: number
  /** Adds an address for an index that has none. */
  add(index: number, address: number): void
  /** In ascending order of indexes. */
  forEach(visit: (index: number, address: number) => void): void
}

/** A table that is empty. */
export function createAddressTable(): AddressTable {
  let indexes = new Float64Array(8)
  let addresses = new Float64Array(8)
  let length = 0
  let last = -1
  let slots: Map<number, number> | null = null
  const slotOf = (index: number): number => {
    if (index > last) return -1
    if (slots !== null) return slots.get(index) ?? -1
    const slot = lowerBound(indexes, index, length)
    return indexes[slot] === index ? slot : -1
  }
  return {
    get last() {
      return last
    },
    get(index) {
      const slot = slotOf(index)
      return slot < 0 ? 0 : addresses[slot]!
    },
    add(index, address) {
      if (length === indexes.length) {
        indexes = grown(indexes)
        addresses = grown(addresses)
      }
      if (index <= last && slots === null) {
        slots = new Map()
        for (let slot = 0; slot < length; slot++) slots.set(indexes[slot]!, slot)
      }
      slots?.set(index, length)
      last = Math.max(last, index)
      indexes[length] = index
      addresses[length++] = address
    },
    forEach(visit) {
      const sorted = slots === null ? null : indexes.slice(0, length).sort()
      for (let n = 0; n < length; n++) {
        const index = (sorted ?? indexes)[n]!
        visit(index, addresses[sorted === null ? n : slots!.get(index)!]!)
      }
    },
  }
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2)
  larger.set(values)
  return larger
}
