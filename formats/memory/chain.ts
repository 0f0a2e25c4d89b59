import type { Absence } from './fault.js'
import { ADDRESS_LIMIT } from './geometry.js'
import type { PhysicalMemory } from './physical-memory.js'
import { u64, viewOf } from './u64.js'

/** How a list linked by physical addresses is laid out. */
export interface ChainShape {
  /** Bytes to read of each link. */
  size: number
  /** Every link begins at a multiple of this. */
  alignment: number
  /** Where a link has the native u64 that leads to the next one; 0 ends the list. */
  nextAt: number
  /** Most links that a reader follows; any number where left out. */
  most?: number
}

/** Why a list cannot be followed to `address`. */
export interface ChainFault {
  kind: 'no-address' | 'unaligned' | 'cycle' | 'limit' | 'absent'
  /** Where the list leads. */
  address: number
  /** The same as it stands in memory. */
  raw: bigint
  /** The link that leads there; null for the first one's. */
  from: number | null
  /** Of `absent`: why the dump lacks it. */
  reason: Absence | undefined
}

/** One link of a list. */
export interface ChainLink {
  address: number
  view: DataView
  /** Its number, from 0. */
  index: number
}

/** What a walk is told and asked. */
export interface ChainVisit {
  /** The one place where the walk cannot go on. */
  fault(fault: ChainFault): void
  /** False ends the walk before a link is read: whoever says so has said why. */
  admit?(address: number): boolean
  /** False ends the walk. */
  link(link: ChainLink): unknown
}

/** Follows a list from `first` to its end, once through each link. True where it ended as it should. */
export function followChain(
  memory: PhysicalMemory,
  first: number,
  { size, alignment, nextAt, most }: ChainShape,
  visit: ChainVisit,
): boolean {
  const visited = new Set<number>()
  let from: number | null = null
  let raw = 0n
  let address = first
  const wrong = (kind: ChainFault['kind'], reason?: Absence): false => {
    visit.fault({ kind, address, raw: from === null ? BigInt(first) : raw, from, reason })
    return false
  }
  while (address !== 0) {
    if (address >= ADDRESS_LIMIT) return wrong('no-address')
    if (address % alignment !== 0) return wrong('unaligned')
    if (visited.has(address)) return wrong('cycle')
    if (visited.size === most) return wrong('limit')
    visited.add(address)
    if (visit.admit?.(address) === false) return false
    const read = memory.read(address, size)
    if (!read.ok) return wrong('absent', read.reason)
    const view = viewOf(read.bytes)
    if (visit.link({ address, view, index: visited.size - 1 }) === false) return false
    from = address
    raw = view.getBigUint64(nextAt, true)
    address = u64(view, nextAt)
  }
  return true
}
