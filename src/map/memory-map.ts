import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { Range } from '../../formats/memory/range.js'
import { mergeRanges } from '../../formats/memory/range.js'
import { lastAtOrBelow } from '../../formats/memory/sorted.js'
import { orders, type PageSet } from '../../formats/pages/page-set.js'
import { firstRun, nextRun, type RunCursor } from '../../formats/pages/runs.js'
import type { KhoState } from '../image/state.js'
import { forEachOwnedRange } from '../owners/algebra.js'
import { type Ownership, ownershipOf } from '../owners/ownership.js'
import { type Layer, layerBuilder } from './layer.js'

/** What memory is, as far as a picture tells it apart. */
export type MapKind =
  /** What users handed over: folios, regions. */
  | 'data'
  /** Structures of those users, such as lists of folios. */
  | 'metadata'
  /** What the root FDT points to. */
  | 'blob'
  /** Preserved, and claimed by nobody. */
  | 'orphan'
  /** Pages of the tracker: read by the next kernel, not preserved. */
  | 'tracker'
  /** Scratch areas, and what else the next kernel boots in. */
  | 'scratch'
  /** What leads the next kernel to the state. */
  | 'handoff'

/** One name on the map. */
export interface MapOwner {
  /** A path, of the file, region or blob: not of each folio. */
  path: string
  kind: MapKind
  /** Bytes that are its own on the map. */
  bytes: number
}

/** Physical memory, as a picture needs it. Plain data: it can be sent to another thread. */
export interface MemoryMap {
  pageSize: number
  /** RAM that the dump knows of. */
  ram: Range[]
  /** Lowest to highest address of anything on the map, whole pages. */
  extent: Range
  owners: MapOwner[]
  /** Preserved memory; values are indexes of {@link owners}. */
  preserved: Layer
  /** Memory of KHO's own that is not preserved: tracker, scratch, what hands over; values likewise. */
  unpreserved: Layer
  /** Preserved memory; values are orders. Where blocks overlap the lowest order shows. */
  orders: Layer
}

/** The map of a state. Reads every structure, as `ownershipOf` does. */
export function memoryMap(state: KhoState): MemoryMap {
  const { pages } = state.tracker.decode
  const ownership = ownershipOf(state)
  const owners = ownerTable()
  const preserved = preservedLayer(pages, ownership, owners)
  const unpreserved = unpreservedLayer(ownership, owners)
  const orderLayer = ordersLayer(pages)
  const ram = state.image.ramKnown.map(({ start, end }) => ({ start, end }))
  return {
    pageSize: state.geometry.pageSize,
    ram,
    extent: extentOf(ram, [preserved, unpreserved]),
    owners: owners.list,
    preserved,
    unpreserved,
    orders: orderLayer,
  }
}

/** Owners by number, as they come. */
export interface OwnerTable {
  list: MapOwner[]
  indexOf(path: string, kind: MapKind, bytes: number): number
}

/** A table without owners. */
export function ownerTable(): OwnerTable {
  const list: MapOwner[] = []
  const indexes = new Map<string, number>()
  return {
    list,
    indexOf(path, kind, bytes) {
      // A memfd's folios and its structures are one owner's; a region may be called as scratch is.
      const key = `${isOwned(kind) ? 'owned' : kind} ${path}`
      let index = indexes.get(key)
      if (index !== undefined && kind === 'data') list[index]!.kind = kind
      if (index === undefined) {
        index = list.push({ path, kind, bytes: 0 }) - 1
        indexes.set(key, index)
      }
      list[index]!.bytes += bytes
      return index
    },
  }
}

function isOwned(kind: MapKind): boolean {
  return kind === 'data' || kind === 'metadata' || kind === 'blob'
}

function preservedLayer(pages: PageSet, ownership: Ownership, owners: OwnerTable): Layer {
  const layer = layerBuilder()
  const groups = groupOwners(ownership, owners)
  forEachOwnedRange(pages, ownership, (start, last, first) => {
    const end = Math.min(last, ADDRESS_LIMIT)
    if (end <= start) return
    const owner =
      first === null ? owners.indexOf('', 'orphan', end - start) : groups.ownerOf(first, end - start)
    layer.add(start, end, owner)
  })
  return layer.build()
}

/** All claims of a group have one owner on the map, so that 300,000 folios are one name. */
export function groupOwners(ownership: Ownership, owners: OwnerTable) {
  const firsts: number[] = []
  let next = 0
  for (const group of ownership.groups) {
    firsts.push(next)
    next += group.count
  }
  const named = new Map<number, number>()
  let g = 0
  return {
    ownerOf(id: number, bytes: number): number {
      // Neighbours in memory are neighbours in the list: look near the last one first.
      if (!(firsts[g]! <= id && (firsts[g + 1] ?? next) > id)) g = lastAtOrBelow(firsts, id)
      const known = named.get(g)
      if (known !== undefined) {
        owners.list[known]!.bytes += bytes
        return known
      }
      const group = ownership.groups[g]!
      const index = owners.indexOf(ownerPath(group.pathOf(0)), group.kind, bytes)
      named.set(g, index)
      return index
    },
  }
}

/** Segments of a path that name the owner, by what the path begins with; what follows is inside it. */
const DEPTHS: readonly (readonly [string, number])[] = [
  ['luo/sessions/', 5],
  ['luo/flbs/', 3],
  ['blobs/', 2],
  ['memblock/', 2],
]

function ownerPath(path: string): string {
  const depth = DEPTHS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 1
  return path.split('/').slice(0, depth).join('/')
}

/** What is KHO's own and not preserved. */
export function unpreservedLayer(ownership: Ownership, owners: OwnerTable): Layer {
  const pieces: { start: number; end: number; owner: number }[] = []
  for (const group of ownership.groups) {
    if (group.preserved) continue
    for (let n = 0; n < group.count; n++) {
      const start = group.starts[n] as number
      // What a broken hand-over says may be more than there can be of memory.
      const size = Math.min(group.sizes[n] as number, ADDRESS_LIMIT - start)
      if (size <= 0) continue
      const path = group.pathOf(n)
      const owner = owners.indexOf(
        path.startsWith('scratch/') ? path : path.split('/')[0]!,
        kindOf(path),
        size,
      )
      pieces.push({ start, end: start + size, owner })
    }
  }
  pieces.sort((a, b) => a.start - b.start)
  const layer = layerBuilder()
  let at = 0
  for (const { start, end, owner } of pieces) {
    layer.add(Math.max(start, at), end, owner)
    at = Math.max(at, end)
  }
  return layer.build()
}

function kindOf(path: string): MapKind {
  if (path.startsWith('tracker')) return 'tracker'
  return path.startsWith('scratch/') ? 'scratch' : 'handoff'
}

/** Runs of all orders, merged by address; of those that overlap the lower order wins. */
function ordersLayer(pages: PageSet): Layer {
  const layer = layerBuilder()
  const cursors = orders(pages).map(order => firstRun(pages, order))
  let at = 0
  for (let cursor = lowest(cursors, at); cursor !== null; cursor = lowest(cursors, at)) {
    const start = Math.max(cursor.start, at)
    const end = Math.min(cursor.end, nextLower(cursors, cursor, start), ADDRESS_LIMIT)
    if (end <= start) break
    layer.add(start, end, cursor.order)
    at = end
  }
  return layer.build()
}

/** The run that shows at the first address at or behind `at` which any run has. */
function lowest(cursors: readonly RunCursor[], at: number): RunCursor | null {
  let found: RunCursor | null = null
  for (const cursor of cursors) {
    while (!cursor.done && cursor.end <= at) nextRun(cursor)
    if (cursor.done) continue
    if (found === null || Math.max(cursor.start, at) < Math.max(found.start, at)) found = cursor
  }
  return found
}

function nextLower(cursors: readonly RunCursor[], shown: RunCursor, start: number): number {
  let next = Number.POSITIVE_INFINITY
  for (const cursor of cursors) {
    if (!cursor.done && cursor.order < shown.order && cursor.start > start)
      next = Math.min(next, cursor.start)
  }
  return next
}

/** From the first address of any to behind the last. */
export function extentOf(ram: readonly Range[], layers: readonly Layer[]): Range {
  const ends = layers.filter(layer => layer.count > 0)
  const all = mergeRanges([
    ...ram,
    ...ends.map(({ starts, ends, count }) => ({
      start: starts[0] as number,
      end: ends[count - 1] as number,
    })),
  ])
  return { start: all[0]?.start ?? 0, end: all.at(-1)?.end ?? 0 }
}
