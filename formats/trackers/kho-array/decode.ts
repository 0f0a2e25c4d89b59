import { followChain } from '../../memory/chain.js'
import { hex } from '../../memory/fault.js'
import { createFaultLog, type FaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import type { Range } from '../../memory/range.js'
import { u64, viewOf } from '../../memory/u64.js'
import { createPageSet } from '../../pages/page-set.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { createBitmapCollector } from '../shared/bitmap-batch.js'
import { nodePath, WORD } from '../shared/read.js'
import type { TrackerDecode, TrackerNode } from '../tracker.js'
import {
  ARRAY_BITMAP,
  ARRAY_HEADER,
  ARRAY_PAGE_HEADER,
  DIRECT_MAP,
  ELEMENT,
  ELEMENT_SIZE,
  HEADER,
  isArrayHeader,
  PAGE_NEXT,
} from './shape.js'

const DIRECT_MAP_STEP = 2n ** 30n
/** What is read at once of a slab: the smallest page there is. */
const SLAB_PAGE = 4096

/** The array of pointers to bitmaps. */
export function decodeKhoArray(
  memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): TrackerDecode {
  const pages = createPageSet(options.geometry.pageShift)
  const nodes: TrackerNode[] = []
  const faults = createFaultLog()
  const counts = { badPointers: 0, absentNodes: 0 }
  const entries = readEntries(memory, root.addresses[0] ?? 0, options.geometry, nodes, faults, counts)
  const elementAt = createElementReader(memory)
  const base = entries.high.length === 0 ? DIRECT_MAP : findDirectMap(memory, entries, elementAt)
  if (base === null) {
    const count = entries.high.length
    counts.badPointers += count
    const message = `no start of the direct map makes elements of the ${count} entries (first ${hex(entryOf(entries, 0))})`
    faults.add('ARRAY-DIRECT-MAP', message)
    return { pages, nodes, faults: faults.list(), ...counts }
  }
  const bitmaps = createBitmapCollector(memory, options.geometry, ARRAY_BITMAP, { nodes, faults, counts })
  const addressOf = addressesUnder(base, entries)
  for (let n = 0; n < entries.high.length; n++) {
    const address = addressOf(n)
    const element = elementAt(address)
    if (element === null) {
      counts.badPointers++
      faults.of('ARRAY-ENTRY')?.(
        `entry ${hex(entryOf(entries, n))} leads to no element in the direct map at ${hex(base)}`,
        address >= 0 && address < ADDRESS_LIMIT ? address : null,
      )
      continue
    }
    const { order, physStart: start } = element
    nodes.push({ address, kind: 'array', level: null, order, start, size: ELEMENT_SIZE })
    bitmaps.add(address, order, start, element.bitmap)
  }
  return { pages: bitmaps.finish(), nodes, faults: faults.list(), ...counts }
}

/** The virtual addresses that the array's pages hold, as halves: a bigint for each costs more than all else that is done with it. */
interface Entries {
  high: number[]
  low: number[]
}

function entryOf({ high, low }: Entries, n: number): bigint {
  return (BigInt(high[n]!) << 32n) | BigInt(low[n]!)
}

/** Where entries lead, under a start of the direct map. Exact where that is an address. */
function addressesUnder(base: bigint, { high, low }: Entries): (n: number) => number {
  const [above, below] = [Number(base >> 32n), Number(base & 0xffff_ffffn)]
  return n => (high[n]! - above) * 2 ** 32 + (low[n]! - below)
}

function readEntries(
  memory: PhysicalMemory,
  header: number,
  geometry: Geometry,
  nodes: TrackerNode[],
  faults: FaultLog,
  counts: { badPointers: number; absentNodes: number },
): Entries {
  const entries: Entries = { high: [], low: [] }
  const head = header === 0 ? null : memory.read(header, ARRAY_HEADER)
  if (!head?.ok) return entries
  nodes.push({ address: header, kind: 'array', level: null, order: null, start: null, size: ARRAY_HEADER })
  const view = viewOf(head.bytes)
  if (!isArrayHeader(view)) {
    counts.badPointers++
    const magic = hex(view.getUint32(HEADER.magic, true))
    const version = view.getUint16(HEADER.version, true)
    faults.add('ARRAY-HEADER', `array at ${hex(header)} has magic ${magic}, version ${version}`, header)
    return entries
  }
  const { pageSize } = geometry
  const shape = { size: pageSize, alignment: pageSize, nextAt: PAGE_NEXT }
  followChain(memory, u64(view, HEADER.first), shape, {
    fault({ kind, address, reason }) {
      const path = nodePath(address)
      if (kind === 'absent') {
        counts.absentNodes++
        const message = `array page ${hex(address)} is not in the dump (${reason})`
        faults.add('ARRAY-ABSENT', message, address, path, reason)
        return
      }
      counts.badPointers++
      faults.add('ARRAY-POINTER', `array page ${hex(address)} is not usable`, null, path)
    },
    link({ address, view: words }) {
      nodes.push({ address, kind: 'array', level: null, order: null, start: null, size: pageSize })
      for (let offset = ARRAY_PAGE_HEADER; offset < pageSize; offset += WORD) {
        const low = words.getUint32(offset, true)
        const high = words.getUint32(offset + 4, true)
        if (low === 0 && high === 0) continue
        entries.high.push(high)
        entries.low.push(low)
      }
    },
  })
  return entries
}

/** What an element says. */
interface ArrayElement {
  order: number
  physStart: number
  bitmap: number
}

/** Reads the element at an address, into one that stays the same; null where there is none. */
type ElementReader = (address: number) => Readonly<ArrayElement> | null

/**
 * A slab puts elements side by side: what is read is the page around one, most often once for all of them. Masks, because
 * `%` of a large number is a call of fmod(): with it, this takes half as long again.
 */
function createElementReader(memory: PhysicalMemory): ElementReader {
  let page = -1
  let view: DataView | null = null
  const element: ArrayElement = { order: 0, physStart: 0, bitmap: 0 }
  return address => {
    if (!(address >= 0 && address < ADDRESS_LIMIT)) return null
    const within = address & (SLAB_PAGE - 1)
    if (address - within !== page) {
      page = address - within
      const read = memory.read(page, SLAB_PAGE)
      view = read.ok ? viewOf(read.bytes) : null
    }
    if (view !== null && within + ELEMENT_SIZE <= SLAB_PAGE)
      return isElement(view, within, element) ? element : null
    // Not all of the page is in the dump, or the element is in two.
    const read = memory.read(address, ELEMENT_SIZE)
    return read.ok && isElement(viewOf(read.bytes), 0, element) ? element : null
  }
}

/** Takes what is there for an element; false where it can be none. */
function isElement(view: DataView, offset: number, element: ArrayElement): boolean {
  const physStart = u64(view, offset + ELEMENT.physStart)
  const order = view.getUint32(offset + ELEMENT.order, true)
  const bitmap = u64(view, offset + ELEMENT.bitmap)
  element.physStart = physStart
  element.order = order
  element.bitmap = bitmap
  return (
    physStart < ADDRESS_LIMIT &&
    order < 40 &&
    view.getUint32(offset + ELEMENT.reserved, true) === 0 &&
    bitmap > 0 &&
    bitmap < ADDRESS_LIMIT &&
    (bitmap & (ARRAY_BITMAP - 1)) === 0
  )
}

/** The direct map's start under which the first entries lead to elements: the plain one, else every step that RAM allows. */
function findDirectMap(memory: PhysicalMemory, entries: Entries, elementAt: ElementReader): bigint | null {
  const sample = Math.min(entries.high.length, 16)
  const fits = (base: bigint) => {
    const addressOf = addressesUnder(base, entries)
    for (let n = 0; n < sample; n++) if (elementAt(addressOf(n)) === null) return false
    return true
  }
  if (fits(DIRECT_MAP)) return DIRECT_MAP
  const first = entryOf(entries, 0)
  for (const range of memory.ranges) {
    for (const base of basesFor(range, first, first % DIRECT_MAP_STEP)) {
      if (fits(base)) return base
    }
  }
  return null
}

function* basesFor(range: Range, entry: bigint, low: bigint): Generator<bigint> {
  const step = Number(DIRECT_MAP_STEP)
  for (let gib = Math.floor(range.start / step); gib * step < range.end; gib++) {
    const phys = BigInt(gib) * DIRECT_MAP_STEP + low
    if (phys >= range.start && phys < range.end) yield entry - phys
  }
}
