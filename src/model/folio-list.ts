import { type Memfd, type MemfdFolios, readMemfdFolios } from '../../formats/blobs/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { lowerBound } from '../../formats/memory/sorted.js'
import type { KhoState } from '../image/state.js'
import { blockFinder } from './block-finder.js'

/** A memfd's folios, with where they lie and how large they are: the list says neither, the map of preserved memory does. */
export interface FolioList {
  folios: MemfdFolios
  /** Physical address by entry; 0 for holes and for page numbers that are no address. */
  starts: Float64Array
  /** Bytes by entry: of the preserved block that begins there, else one page; 0 where there is no address. */
  sizes: Float64Array
  /** Order by entry, of the preserved block that begins there; -1 where none does. */
  orders: Int8Array
  /** True where no two entries have the same index, as every kernel writes lists. */
  distinct: boolean
  /** The entry's key in a path: its page index, or its number where another entry has the same index. */
  keyOf(entry: number): string | number
  /** The entry that a segment of a path names, or -1. */
  find(segment: string | number): number
}

const cache = new WeakMap<KhoState, WeakMap<Memfd, FolioList>>()

/** Reads a memfd's list of folios; kept as long as the state is. */
export function folioListOf(state: KhoState, memfd: Memfd): FolioList {
  let lists = cache.get(state)
  if (lists === undefined) {
    lists = new WeakMap()
    cache.set(state, lists)
  }
  let list = lists.get(memfd)
  if (list === undefined) {
    list = readList(state, memfd)
    lists.set(memfd, list)
  }
  return list
}

function readList(state: KhoState, memfd: Memfd): FolioList {
  const { pageSize } = state.geometry
  const folios = readMemfdFolios(state.image.memory, memfd, state.geometry)
  const { count, pfn, index } = folios
  const starts = new Float64Array(count)
  const sizes = new Float64Array(count)
  const orders = new Int8Array(count).fill(-1)
  const orderAt = blockFinder(state.tracker.decode.pages)
  for (let n = 0; n < count; n++) {
    const start = (pfn[n] as number) * pageSize
    if (start === 0 || start >= ADDRESS_LIMIT) continue
    starts[n] = start
    const order = orderAt(start)
    orders[n] = order
    sizes[n] = order > 0 ? pageSize * 2 ** order : pageSize
  }
  return { folios, starts, sizes, orders, ...keysOf(index) }
}

function keysOf(index: Float64Array): Pick<FolioList, 'distinct' | 'keyOf' | 'find'> {
  let ascending = true
  for (let n = 1; n < index.length && ascending; n++) {
    ascending = (index[n] as number) > (index[n - 1] as number)
  }
  let shared: Set<number> | undefined
  const isShared = (value: number) => {
    if (ascending) return false
    shared ??= repeated(index)
    return shared.has(value)
  }
  return {
    distinct: ascending,
    keyOf(entry) {
      const value = index[entry] as number
      return isShared(value) ? entry : String(value)
    },
    find(segment) {
      if (typeof segment === 'number') return segment < index.length ? segment : -1
      const value = Number(segment)
      if (String(value) !== segment || isShared(value)) return -1
      return ascending ? searched(index, value) : index.indexOf(value)
    },
  }
}

/** Position of a value in ascending ones, or -1. */
function searched(values: Float64Array, value: number): number {
  const index = lowerBound(values, value)
  return values[index] === value ? index : -1
}

function repeated(values: Float64Array): Set<number> {
  const sorted = values.slice().sort()
  const found = new Set<number>()
  for (let n = 1; n < sorted.length; n++) {
    if (sorted[n] === sorted[n - 1]) found.add(sorted[n] as number)
  }
  return found
}
