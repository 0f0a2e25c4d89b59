import { followChain } from '../../memory/chain.js'
import { hex } from '../../memory/fault.js'
import { createFaultLog, type FaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import type { Range } from '../../memory/range.js'
import { u64, viewOf } from '../../memory/u64.js'
import { createPageSet } from '../../pages/page-set.js'
import { createBitmapCollector } from '../shared/bitmap-batch.js'
import { nodePath, WORD } from '../shared/read.js'
import type { TrackerDecode, TrackerNode, TrackerOptions, TrackerRoot } from '../tracker.js'
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
  const base = entries.length === 0 ? DIRECT_MAP : findDirectMap(memory, entries)
  if (base === null) {
    counts.badPointers += entries.length
    const message = `no start of the direct map makes elements of the ${entries.length} entries (first ${hex(entries[0]!)})`
    faults.add('ARRAY-DIRECT-MAP', message)
    return { pages, nodes, faults: faults.list(), ...counts }
  }
  const bitmaps = createBitmapCollector(memory, options.geometry, ARRAY_BITMAP, { nodes, faults, counts })
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
    const { order, physStart: start } = element
    nodes.push({ address, kind: 'array', level: null, order, start, size: ELEMENT_SIZE })
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
  nodes.push({ address: header, kind: 'array', level: null, order: null, start: null, size: ARRAY_HEADER })
  const entries: bigint[] = []
  const view = viewOf(head.bytes)
  if (!isArrayHeader(view)) {
    counts.badPointers++
    const magic = hex(view.getUint32(HEADER.magic, true))
    const version = view.getUint16(HEADER.version, true)
    faults.add('ARRAY-HEADER', `array at ${hex(header)} has magic ${magic}, version ${version}`, header)
    return []
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
        const entry = words.getBigUint64(offset, true)
        if (entry !== 0n) entries.push(entry)
      }
    },
  })
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
  const element = {
    physStart: u64(view, ELEMENT.physStart),
    order: view.getUint32(ELEMENT.order, true),
    bitmap: u64(view, ELEMENT.bitmap),
  }
  const sound =
    element.physStart < ADDRESS_LIMIT &&
    element.order < 40 &&
    view.getUint32(ELEMENT.reserved, true) === 0 &&
    element.bitmap > 0 &&
    element.bitmap < ADDRESS_LIMIT &&
    element.bitmap % ARRAY_BITMAP === 0
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
