import { type FdtNode, type FdtTree, findProperty, nativeU64 } from '../fdt/index.js'
import { KHO_ARRAY, KHO_ARRAY_ELEMENT, KHO_ARRAY_MAGIC, KHO_ARRAY_PAGE } from '../layout/kho-array.js'
import { hex } from '../memory/fault.js'
import { createFaultLog, type FaultLog } from '../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import type { Range } from '../memory/range.js'
import { u64, viewOf } from '../memory/u64.js'
import { createPageSet } from '../pages/page-set.js'
import { createBitmapCollector } from './bitmap-batch.js'
import { SMALL_BITMAP } from './chunk-list.js'
import type { Tracker, TrackerDecode, TrackerNode, TrackerOptions, TrackerRoot } from './tracker.js'

/*
 * struct kho_array of the RFC of 9 September 2025: a header, pages of { next, startpos, entries[] }, and entries that
 * are *virtual* addresses in the old kernel's direct map, each of a { phys_start, order, reserved, bitmap } element.
 */
const ARRAY_HEADER = KHO_ARRAY.size
const ARRAY_PAGE_HEADER = KHO_ARRAY_PAGE.size
const ELEMENT_SIZE = KHO_ARRAY_ELEMENT.size
/** Start of the x86-64 direct map without address randomisation; with it, it moves in steps of 1 GiB. */
export const DIRECT_MAP = 0xffff_8880_0000_0000n
const DIRECT_MAP_STEP = 2n ** 30n

/** The array of pointers to bitmaps. */
export const khoArray: Tracker = {
  format: 'kho-array',
  locate: locateKhoArray,
  decode: decodeKhoArray,
}

function locateKhoArray(fdt: FdtTree | FdtNode): TrackerRoot | null {
  const property = findProperty('root' in fdt ? fdt.root : fdt, 'preserved-memory-map')
  const value = property && nativeU64(property)
  return value === null ? null : { addresses: [Number(value)] }
}

function decodeKhoArray(memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): TrackerDecode {
  const pages = createPageSet(options.geometry.pageShift)
  const nodes: TrackerNode[] = []
  const faults = createFaultLog()
  const counts = { badPointers: 0, absentNodes: 0 }
  const entries = readEntries(memory, root.addresses[0] ?? 0, options.geometry, nodes, faults, counts)
  const base = entries.length === 0 ? DIRECT_MAP : findDirectMap(memory, entries)
  if (base === null) {
    counts.badPointers += entries.length
    const message = `no start of the direct map makes elements of the ${entries.length} entries (first ${hex(entries[0]!)})`
    faults.add('ARRAY-DIRECT-MAP', message)
    return { pages, nodes, faults: faults.list(), ...counts }
  }
  const bitmaps = createBitmapCollector(memory, options.geometry, SMALL_BITMAP, { nodes, faults, counts })
  for (const entry of entries) {
    const address = Number(entry - base)
    const element = readElement(memory, address)
    if (element === null) {
      counts.badPointers++
      const at = address >= 0 && address < ADDRESS_LIMIT ? address : null
      const message = `entry ${hex(entry)} leads to no element in the direct map at ${hex(base)}`
      faults.add('ARRAY-ENTRY', message, at)
      continue
    }
    nodes.push({ address, kind: 'array', level: null, order: element.order, size: ELEMENT_SIZE })
    bitmaps.add({ at: address, ...element })
  }
  return { pages: bitmaps.finish(), nodes, faults: faults.list(), ...counts }
}

function readEntries(
  memory: PhysicalMemory,
  header: number,
  geometry: Geometry,
  nodes: TrackerNode[],
  faults: FaultLog,
  counts: { badPointers: number; absentNodes: number },
): bigint[] {
  const head = header === 0 ? null : memory.read(header, ARRAY_HEADER)
  if (!head?.ok) return []
  nodes.push({ address: header, kind: 'array', level: null, order: null, size: ARRAY_HEADER })
  const entries: bigint[] = []
  const visited = new Set<number>()
  const view = viewOf(head.bytes)
  if (view.getUint32(0, true) !== KHO_ARRAY_MAGIC || view.getUint16(4, true) !== 0) {
    counts.badPointers++
    faults.add(
      'ARRAY-HEADER',
      `array at ${hex(header)} has magic ${hex(view.getUint32(0, true))}, version ${view.getUint16(4, true)}`,
      header,
    )
    return []
  }
  for (let page = u64(view, 8); page !== 0; ) {
    const path = `tracker/nodes/${hex(page)}`
    if (page >= ADDRESS_LIMIT || page % geometry.pageSize !== 0 || visited.has(page)) {
      counts.badPointers++
      faults.add('ARRAY-POINTER', `array page ${hex(page)} is not usable`, null, path)
      break
    }
    visited.add(page)
    const read = memory.read(page, geometry.pageSize)
    if (!read.ok) {
      counts.absentNodes++
      faults.add(
        'ARRAY-ABSENT',
        `array page ${hex(page)} is not in the dump (${read.reason})`,
        page,
        path,
        read.reason,
      )
      break
    }
    nodes.push({ address: page, kind: 'array', level: null, order: null, size: geometry.pageSize })
    const words = viewOf(read.bytes)
    for (let offset = ARRAY_PAGE_HEADER; offset < geometry.pageSize; offset += 8) {
      const entry = words.getBigUint64(offset, true)
      if (entry !== 0n) entries.push(entry)
    }
    page = u64(words, 0)
  }
  return entries
}

interface Element {
  physStart: number
  order: number
  bitmap: number
}

function readElement(memory: PhysicalMemory, address: number): Element | null {
  const read = address >= 0 && address < ADDRESS_LIMIT ? memory.read(address, ELEMENT_SIZE) : null
  if (!read?.ok) return null
  const view = viewOf(read.bytes)
  const element = { physStart: u64(view, 0), order: view.getUint32(8, true), bitmap: u64(view, 16) }
  const sound =
    element.physStart < ADDRESS_LIMIT &&
    element.order < 40 &&
    view.getUint32(12, true) === 0 &&
    element.bitmap > 0 &&
    element.bitmap < ADDRESS_LIMIT &&
    element.bitmap % SMALL_BITMAP === 0
  return sound ? element : null
}

/** The direct map's start under which the first entries lead to elements: the plain one, else every step that RAM allows. */
function findDirectMap(memory: PhysicalMemory, entries: readonly bigint[]): bigint | null {
  const sample = entries.slice(0, 16)
  const fits = (base: bigint) => sample.every(entry => readElement(memory, Number(entry - base)) !== null)
  if (fits(DIRECT_MAP)) return DIRECT_MAP
  const low = sample[0]! % DIRECT_MAP_STEP
  for (const range of memory.ranges) {
    for (const base of basesFor(range, sample[0]!, low)) {
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
