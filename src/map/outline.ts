import { ADDRESS_LIMIT, type PageShift } from '../../formats/memory/geometry.js'
import type { Range } from '../../formats/memory/range.js'
import {
  bytesCovered,
  type Coverage,
  coverage,
  coveredExtent,
  reblock,
} from '../../formats/pages/coverage.js'
import { covered, uncovered } from '../../formats/pages/coverage-algebra.js'
import { orders as ordersOf, type PageSet } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import { checkLaidOut } from '../owners/laid-out.js'
import { type Ownership, ownershipOf } from '../owners/ownership.js'
import { type CountedLayer, type Layer, layerBuilder } from './layer.js'
import { extentOfBoth, sameOwners } from './map-diff.js'
import {
  extentOf,
  groupOwners,
  type MapOwner,
  type OwnerTable,
  ownerTable,
  unpreservedLayer,
} from './memory-map.js'
import type { Drawn } from './picture.js'

/** A state's memory as far as a picture of cells shows it: pieces by owner, and what of them is preserved is counted. */
export interface MapOutline {
  pageSize: number
  ram: readonly Range[]
  extent: Range
  owners: MapOwner[]
  /** Preserved memory; values are indexes of {@link owners}. */
  preserved: CountedLayer
  unpreserved: Layer
  pages: PageSet
}

/** The outline of a state. Takes time and memory by its claims and bitmaps, however many runs there are in them. */
export function mapOutline(state: KhoState): MapOutline {
  const { pages } = state.tracker.decode
  checkLaidOut(pages)
  const ownership = ownershipOf(state)
  const owners = ownerTable()
  const cover = coverage(pages)
  const preserved = ownedPieces(cover, ownership, owners)
  const unpreserved = unpreservedLayer(ownership, owners)
  const ram = state.image.ramKnown
  const extent = coveredExtent(cover)
  return {
    pageSize: state.geometry.pageSize,
    ram,
    extent: extentOf(ram, [preservedExtent(extent), unpreserved]),
    owners: owners.list,
    preserved,
    unpreserved,
    pages,
  }
}

function preservedExtent(extent: Range | null): Layer {
  const layer = layerBuilder()
  if (extent !== null) layer.add(extent.start, Math.min(extent.end, ADDRESS_LIMIT), 0)
  return layer.build()
}

/** Who owns what is preserved: a piece for each stretch of claims of one owner, and for those between, which are nobody's. */
function ownedPieces(cover: Coverage, ownership: Ownership, owners: OwnerTable): CountedLayer {
  const bytesIn = bytesCovered(cover)
  const layer = layerBuilder()
  const groups = groupOwners(ownership, owners)
  const { starts, ends, first, count } = ownership.owned
  const add = (start: number, last: number, claim: number | null) => {
    const end = Math.min(last, ADDRESS_LIMIT)
    const bytes = end > start ? bytesIn(start, end) : 0
    if (bytes === 0) return
    layer.add(start, end, claim === null ? owners.indexOf('', 'orphan', bytes) : groups.ownerOf(claim, bytes))
  }
  let at = 0
  for (let n = 0; n < count; n++) {
    add(at, starts[n] as number, null)
    add(starts[n] as number, ends[n] as number, first[n] as number)
    at = ends[n] as number
  }
  add(at, ADDRESS_LIMIT, null)
  return { ...layer.build(), bytesIn }
}

/** What a picture shows of one state. */
export function drawOne(outline: MapOutline, by: 'owner' | 'order'): Drawn {
  const shown = by === 'owner' ? [outline.preserved] : orderLayers(outline)
  return { ...outline, shown, under: outline.unpreserved }
}

/** What a picture shows of what became of one state's preserved memory in another. */
export function drawChange(outline: MapOutline, second: MapOutline): Drawn {
  const extent = extentOfBoth(outline, second)
  return { ...outline, extent, shown: changeLayers(outline, second), under: null }
}

/** Preserved memory by order, a layer for each: where blocks overlap the lowest order shows. Values are orders. */
function orderLayers({ pages }: MapOutline): CountedLayer[] {
  const layers: CountedLayer[] = []
  const lower: PageSet = { pageShift: pages.pageShift, orders: new Map() }
  for (const order of ordersOf(pages)) {
    const bits = pages.orders.get(order)!
    const own = coverage({ pageShift: pages.pageShift, orders: new Map([[order, bits]]) })
    const shown = lower.orders.size === 0 ? own : uncovered(own, coverage(lower))
    layers.push(countedLayer(shown, order))
    lower.orders.set(order, bits)
  }
  return layers
}

/** All that a coverage has, as one value. */
function countedLayer(cover: Coverage, value: number): CountedLayer {
  const layer = layerBuilder()
  layer.add(0, ADDRESS_LIMIT, value)
  return { ...layer.build(), bytesIn: bytesCovered(cover) }
}

/** Compares preserved memory of two states; values are indexes of `MAP_CHANGES`. */
function changeLayers(a: MapOutline, b: MapOutline): CountedLayer[] {
  const shift = Math.min(a.pages.pageShift, b.pages.pageShift) as PageShift
  const [x, y] = [a, b].map(({ pages }) => coverage(reblock(pages, shift))) as [Coverage, Coverage]
  const kept = bytesCovered(covered(x, y))
  return [
    { ...keptPieces(a, b), bytesIn: kept },
    countedLayer(uncovered(x, y), 1),
    countedLayer(uncovered(y, x), 2),
  ]
}

/** Stretches of memory in which both states have one owner each: whether it is the same. */
function keptPieces(a: MapOutline, b: MapOutline): Layer {
  const layer = layerBuilder()
  const same = sameOwners(a, b)
  const [x, y] = [a.preserved, b.preserved]
  for (let n = 0, m = 0; n < x.count && m < y.count; ) {
    const start = Math.max(x.starts[n]!, y.starts[m]!)
    const end = Math.min(x.ends[n]!, y.ends[m]!)
    layer.add(start, end, same(x.values[n]!, y.values[m]!) ? 0 : 3)
    if (x.ends[n] === end) n++
    if (y.ends[m] === end) m++
  }
  return layer.build()
}
