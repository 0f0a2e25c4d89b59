import { type FdtNode, type FdtTree, findChild, findProperty, nativeU64 } from '../fdt/index.js'
import { KHOSER_MEM_BITMAP_PTR, KHOSER_MEM_CHUNK, SKETCH_CHUNK } from '../layout/chunk-list.js'
import { offsetOf } from '../layout/struct.js'
import { hex } from '../memory/fault.js'
import { createFaultLog, type FaultLog } from '../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { u64, viewOf } from '../memory/u64.js'
import { createBitmapCollector } from './bitmap-batch.js'
import { type ChunkElement, nodePath } from './bitmap-element.js'
import type { Tracker, TrackerDecode, TrackerNode, TrackerOptions, TrackerRoot } from './tracker.js'

/*
 * struct khoser_mem_chunk, patch v5 to 7.0: one page of { next, order, num_elms } and
 * { phys_start, bitmap } pairs. kernel/kexec_handover.c (6.18), include/linux/kho/abi/kexec_handover.h (7.0).
 */
export const CHUNK_HEADER = KHOSER_MEM_CHUNK.size
export const CHUNK_ELEMENT = KHOSER_MEM_BITMAP_PTR.size
const BITMAP = offsetOf(KHOSER_MEM_BITMAP_PTR, 'bitmap')
const PHYS_START = offsetOf(KHOSER_MEM_BITMAP_PTR, 'physStart')
/** Bitmap objects up to 6.17.8: kzalloc'ed, 4096 bits, whatever the page size. */
export const SMALL_BITMAP = 512

/** Where a chunk's header has its three words. The sketch in a mail of February 2025 had them in another order. */
export interface ChunkHeader {
  next: number
  order: number
  count: number
}

const HEADER = headerOf(KHOSER_MEM_CHUNK)
const SKETCH_HEADER = headerOf(SKETCH_CHUNK)

function headerOf(struct: typeof KHOSER_MEM_CHUNK | typeof SKETCH_CHUNK): ChunkHeader {
  const at = (name: 'next' | 'order' | 'numElms') => offsetOf(struct as typeof KHOSER_MEM_CHUNK, name)
  return { next: at('next'), order: at('order'), count: at('numElms') }
}

/** Entries in one chunk: 255, 1023 or 4095. */
export function chunkCapacity(geometry: Geometry): number {
  return (geometry.pageSize - CHUNK_HEADER) / CHUNK_ELEMENT
}

/** The list's chunks, walked once; `visit` sees every counted entry whose numbers are addresses. */
export function walkChunks(
  memory: PhysicalMemory,
  first: number,
  geometry: Geometry,
  out: { nodes: TrackerNode[]; faults: FaultLog; bad: () => void; absent: () => void },
  visit: (element: ChunkElement) => void,
  header: ChunkHeader = HEADER,
): void {
  const visited = new Set<number>()
  let from = 'the root property'
  for (let chunk = first; chunk !== 0; ) {
    const path = nodePath(chunk)
    if (chunk >= ADDRESS_LIMIT || chunk % geometry.pageSize !== 0) {
      out.bad()
      const why = chunk >= ADDRESS_LIMIT ? 'is no physical address' : 'is not page aligned'
      out.faults.add('CHUNK-POINTER', `chunk pointer ${hex(chunk)} in ${from} ${why}`, addressOrNull(chunk))
      return
    }
    if (visited.has(chunk)) {
      out.bad()
      out.faults.add('CHUNK-CYCLE', `chunk list comes back to ${hex(chunk)} from ${from}`, chunk, path)
      return
    }
    visited.add(chunk)
    const read = memory.read(chunk, geometry.pageSize)
    if (!read.ok) {
      out.absent()
      const message = `chunk ${hex(chunk)}, named by ${from}, is not in the dump (${read.reason})`
      out.faults.add('CHUNK-ABSENT', message, chunk, path, read.reason)
      return
    }
    const view = viewOf(read.bytes)
    const order = view.getUint32(header.order, true)
    out.nodes.push({ address: chunk, kind: 'chunk', level: null, order, size: geometry.pageSize })
    readElements(view, chunk, { order, count: view.getUint32(header.count, true) }, geometry, out, visit)
    from = `chunk ${hex(chunk)}`
    chunk = u64(view, header.next)
  }
}

function readElements(
  view: DataView,
  chunk: number,
  stated: { order: number; count: number },
  geometry: Geometry,
  out: { faults: FaultLog; bad: () => void },
  visit: (element: ChunkElement) => void,
): void {
  const path = nodePath(chunk)
  const capacity = chunkCapacity(geometry)
  const { order } = stated
  let { count } = stated
  if (count > capacity) {
    out.bad()
    const message = `chunk ${hex(chunk)} says it has ${count} entries, a page holds ${capacity}`
    out.faults.add('CHUNK-NUM-ELMS', message, chunk + 12, path)
    count = capacity
  }
  for (let i = 0; i < count; i++) {
    const offset = CHUNK_HEADER + i * CHUNK_ELEMENT
    const at = chunk + offset
    const physStart = u64(view, offset + PHYS_START)
    const bitmap = u64(view, offset + BITMAP)
    if (bitmap === 0 || bitmap >= ADDRESS_LIMIT) {
      out.bad()
      const what =
        bitmap === 0
          ? 'no bitmap (NULL)'
          : `bitmap ${hex(view.getBigUint64(offset + 8, true))}, which is no address`
      out.faults.add('CHUNK-BITMAP-POINTER', `entry ${i} of chunk ${hex(chunk)} has ${what}`, at + 8, path)
    } else if (physStart >= ADDRESS_LIMIT) {
      out.bad()
      const value = hex(view.getBigUint64(offset, true))
      out.faults.add(
        'CHUNK-START',
        `entry ${i} of chunk ${hex(chunk)} begins at ${value}, which is no address`,
        at,
        path,
      )
    } else {
      visit({ at, order, physStart, bitmap })
    }
  }
}

function addressOrNull(value: number): number | null {
  return value < ADDRESS_LIMIT ? value : null
}

/** The tracker of patch v5 and of 6.16 to 7.0. */
export const chunkList: Tracker = {
  format: 'chunk-list',
  locate: locateChunkList,
  decode: decodeChunkList,
}

/**
 * `preserved-memory-map` of the root (6.16 on), `metadata` of node `preserved-memory` (patch v5), or
 * `preserved-folio-map` of the root (the sketch): 8 bytes.
 */
function locateChunkList(fdt: FdtTree | FdtNode): TrackerRoot | null {
  const root = 'root' in fdt ? fdt.root : fdt
  const node = findChild(root, 'preserved-memory')
  const sketch = findProperty(root, 'preserved-folio-map')
  const property =
    findProperty(root, 'preserved-memory-map') ?? (node && findProperty(node, 'metadata')) ?? sketch
  const value = property && nativeU64(property)
  return value === null ? null : { addresses: [Number(value)], fdt: root }
}

function decodeChunkList(memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): TrackerDecode {
  const { geometry } = options
  const bitmapBytes = options.bitmapBytes ?? geometry.pageSize
  const nodes: TrackerNode[] = []
  const faults = createFaultLog()
  const counts = { badPointers: 0, absentNodes: 0 }
  const bitmaps = createBitmapCollector(memory, geometry, bitmapBytes, { nodes, faults, counts })
  const out = { nodes, faults, bad: () => counts.badPointers++, absent: () => counts.absentNodes++ }
  const sketch = root.fdt !== undefined && findProperty(root.fdt, 'preserved-folio-map') !== null
  const header = sketch ? SKETCH_HEADER : HEADER
  walkChunks(memory, root.addresses[0] ?? 0, geometry, out, bitmaps.add, header)
  return { pages: bitmaps.finish(), nodes, faults: faults.list(), ...counts }
}
