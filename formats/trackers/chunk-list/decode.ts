import { type ChainFault, followChain } from '../../memory/chain.js'
import { hex } from '../../memory/fault.js'
import { createFaultLog, type FaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { u64 } from '../../memory/u64.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { createBitmapCollector } from '../shared/bitmap-batch.js'
import type { VisitElement } from '../shared/bitmap-element.js'
import { nodePath } from '../shared/read.js'
import type { TrackerDecode, TrackerNode } from '../tracker.js'
import {
  bitmapBytesOf,
  CHUNK_ELEMENT,
  CHUNK_HEADER,
  chunkCapacity,
  chunkHeader,
  ELEMENT_BITMAP,
  ELEMENT_START,
} from './shape.js'

/** What a walk of the list notes beside the entries. */
export interface ChunkNotes {
  nodes: TrackerNode[]
  faults: FaultLog
  bad: () => void
  absent: () => void
}

/** Notes that nobody looks at. */
export function noNotes(): ChunkNotes {
  const ignore = () => {}
  return { nodes: [], faults: createFaultLog(1), bad: ignore, absent: ignore }
}

/** The list's chunks, walked once; `visit` sees every counted entry whose numbers are addresses. */
export function walkChunks(
  memory: PhysicalMemory,
  { addresses }: TrackerRoot,
  options: TrackerOptions,
  out: ChunkNotes,
  visit: VisitElement,
): void {
  const { geometry } = options
  const header = chunkHeader(options)
  const shape = { size: geometry.pageSize, alignment: geometry.pageSize, nextAt: header.next }
  followChain(memory, addresses[0] ?? 0, shape, {
    fault: fault => addChunkFault(out, fault),
    link({ address, view }) {
      const order = view.getUint32(header.order, true)
      out.nodes.push({ address, kind: 'chunk', level: null, order, start: null, size: geometry.pageSize })
      const stated = { order, count: view.getUint32(header.count, true), at: address + header.count }
      readElements(view, address, stated, geometry, out, visit)
    },
  })
}

function addChunkFault(out: ChunkNotes, { kind, address, from, reason }: ChainFault): void {
  const chunk = hex(address)
  const owner = from === null ? 'the root property' : `chunk ${hex(from)}`
  if (kind === 'absent') {
    out.absent()
    const message = `chunk ${chunk}, named by ${owner}, is not in the dump (${reason})`
    out.faults.add('CHUNK-ABSENT', message, address, nodePath(address), reason)
    return
  }
  out.bad()
  if (kind === 'cycle') {
    const message = `chunk list comes back to ${chunk} from ${owner}`
    out.faults.add('CHUNK-CYCLE', message, address, nodePath(address))
    return
  }
  const why = kind === 'no-address' ? 'is no physical address' : 'is not page aligned'
  out.faults.add('CHUNK-POINTER', `chunk pointer ${chunk} in ${owner} ${why}`, addressOrNull(address))
}

function readElements(
  view: DataView,
  chunk: number,
  stated: { order: number; count: number; at: number },
  geometry: Geometry,
  out: { faults: FaultLog; bad: () => void },
  visit: VisitElement,
): void {
  const capacity = chunkCapacity(geometry)
  const { order } = stated
  let { count } = stated
  if (count > capacity) {
    out.bad()
    out.faults.of('CHUNK-NUM-ELMS')?.(
      `chunk ${hex(chunk)} says it has ${count} entries, a page holds ${capacity}`,
      stated.at,
      nodePath(chunk),
    )
    count = capacity
  }
  for (let i = 0; i < count; i++) {
    const offset = CHUNK_HEADER + i * CHUNK_ELEMENT
    const at = chunk + offset
    const physStart = u64(view, offset + ELEMENT_START)
    const bitmap = u64(view, offset + ELEMENT_BITMAP)
    if (bitmap === 0 || bitmap >= ADDRESS_LIMIT) {
      out.bad()
      out.faults.of('CHUNK-BITMAP-POINTER')?.(
        `entry ${i} of chunk ${hex(chunk)} has ${bitmapText(view, offset + ELEMENT_BITMAP)}`,
        at + ELEMENT_BITMAP,
        nodePath(chunk),
      )
    } else if (physStart >= ADDRESS_LIMIT) {
      out.bad()
      out.faults.of('CHUNK-START')?.(
        `entry ${i} of chunk ${hex(chunk)} begins at ${valueText(view, offset + ELEMENT_START)}, which is no address`,
        at + ELEMENT_START,
        nodePath(chunk),
      )
    } else {
      visit(at, order, physStart, bitmap)
    }
  }
}

function valueText(view: DataView, offset: number): string {
  return hex(view.getBigUint64(offset, true))
}

function bitmapText(view: DataView, offset: number): string {
  if (u64(view, offset) === 0) return 'no bitmap (NULL)'
  return `bitmap ${valueText(view, offset)}, which is no address`
}

function addressOrNull(value: number): number | null {
  return value < ADDRESS_LIMIT ? value : null
}

/** The tracker of patch v5 and of 6.16 to 7.0, and of the sketch before it. */
export function decodeChunkList(
  memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): TrackerDecode {
  const nodes: TrackerNode[] = []
  const faults = createFaultLog()
  const counts = { badPointers: 0, absentNodes: 0 }
  const notes = { nodes, faults, counts }
  const bitmaps = createBitmapCollector(memory, options.geometry, bitmapBytesOf(options), notes)
  const out = { nodes, faults, bad: () => counts.badPointers++, absent: () => counts.absentNodes++ }
  walkChunks(memory, root, options, out, bitmaps.add)
  return { pages: bitmaps.finish(), nodes, faults: faults.list(), ...counts }
}
