import { abiOf } from '../../formats/kernels/index.js'
import { appendPath, KHO_ARRAY_ELEMENT, RANGES_RANGE } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { createFaultLog } from '../../formats/memory/fault-log.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import type { ChunkElement } from '../../formats/trackers/bitmap-element.js'
import { CHUNK_ELEMENT, CHUNK_HEADER, walkChunks } from '../../formats/trackers/chunk-list.js'
import { memEntries } from '../../formats/trackers/mem-array.js'
import { TABLE_LEVELS, tableShift } from '../../formats/trackers/page-table.js'
import { levelShift, type RadixShape, radixShape } from '../../formats/trackers/radix-tree.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'

/** One step on the way from a tracker's root to the bit of a block. */
export interface TrackerStep {
  /** Path of the page or object of the tracker, or of a node of the root FDT. */
  node: string
  /** Which entry of it: leads to the next step, or is the entry itself in formats without bitmaps. */
  slot: number | null
  /** Which bit of it, in the last step. */
  bit: number | null
}

/** Header of chunks in the `sketch` of February 2025: another order of words. */
const SKETCH_HEADER = { order: 0, count: 4, next: 8 }

/** From the root of the tracker down to the bit of a preserved block. Empty where that cannot be followed. */
export function traceBlock(state: KhoState, address: number, order: number): TrackerStep[] {
  switch (state.tracker.format) {
    case 'radix-tree':
      return traceRadix(state, address, order)
    case 'chunk-list':
      return traceChunks(state, address, order)
    case 'page-table':
      return traceTable(state, address, order)
    case 'kho-array':
      return traceElements(state, address, order)
    case 'range-list':
      return traceRanges(state, address)
    case 'mem-array':
      return traceEntries(state, address)
    case null:
      return []
  }
}

/** Path of a page or object of the tracker. */
export function nodePath(address: number): string {
  return appendPath('tracker', 'nodes', hex(address))
}

/** The shape that the state's tree was decoded with: its root's level tells the depth. */
export function shapeOf(state: KhoState): RadixShape {
  const root = state.tracker.decode.nodes.find(node => node.address === state.tracker.root)
  return radixShape(state.geometry, root?.level == null ? undefined : root.level + 1)
}

function traceRadix(state: KhoState, address: number, order: number): TrackerStep[] {
  const shape = shapeOf(state)
  const block = address / (state.geometry.pageSize * 2 ** order)
  const steps = followKey(state, shape, 2 ** (shape.order0 - order) + block)
  // Trees of 16K pages that are one level short have lost the order bit of order 0.
  const short = shape.depth < radixShape(state.geometry).depth
  return steps.length === 0 && short && order === 0 ? followKey(state, shape, block) : steps
}

function followKey(state: KhoState, shape: RadixShape, key: number): TrackerStep[] {
  const { pageSize, tableEntries } = state.geometry
  const steps: TrackerStep[] = []
  let node = state.tracker.root ?? 0
  for (let level = shape.depth - 1; level > 0 && node !== 0; level--) {
    const slot = Math.floor(key / 2 ** levelShift(shape, level)) % tableEntries
    steps.push({ node: nodePath(node), slot, bit: null })
    node = wordAt(state, node + slot * 8)
  }
  const bit = key % 2 ** shape.bitmapLog2
  if (node === 0 || !bitAt(state, node, bit, pageSize)) return []
  steps.push({ node: nodePath(node), slot: null, bit })
  return steps
}

/** A u64 of the image as an address; 0 where the dump lacks it or it is none. */
function wordAt(state: KhoState, address: number): number {
  const read = state.image.memory.read(address, 8)
  const value = read.ok ? u64(viewOf(read.bytes), 0) : 0
  return value < 2 ** 52 ? value : 0
}

function bitAt(state: KhoState, bitmap: number, bit: number, size: number): boolean {
  const byte = Math.floor(bit / 8)
  const read = byte < size ? state.image.memory.read(bitmap + byte, 1) : null
  return read?.ok === true && ((read.bytes[0]! >>> (bit % 8)) & 1) === 1
}

/** Every counted entry of a chunk list, with the address of its chunk. */
export function chunkElements(state: KhoState): ChunkElement[] {
  const found: ChunkElement[] = []
  const ignore = () => {}
  const out = { nodes: [], faults: createFaultLog(1), bad: ignore, absent: ignore }
  const header = state.abi === 'sketch' ? [SKETCH_HEADER] : []
  walkChunks(
    state.image.memory,
    state.tracker.root ?? 0,
    state.geometry,
    out,
    element => {
      found.push(element)
    },
    ...header,
  )
  return found
}

/** Bytes of the bitmaps of a state's chunk list. */
export function bitmapBytes(state: KhoState): number {
  const { bitmap } = abiOf(state.abi)
  return bitmap === 'page' ? state.geometry.pageSize : 512
}

function traceChunks(state: KhoState, address: number, order: number): TrackerStep[] {
  const { pageSize } = state.geometry
  const bytes = bitmapBytes(state)
  const size = pageSize * 2 ** order
  const chunks: TrackerStep[] = []
  let chunk = -1
  for (const element of chunkElements(state)) {
    const owner = element.at - (element.at % pageSize)
    if (owner !== chunk) {
      chunk = owner
      chunks.push({ node: nodePath(owner), slot: null, bit: null })
    }
    const bit = (address - element.physStart) / size
    if (element.order !== order || bit < 0 || bit >= bytes * 8) continue
    if (!bitAt(state, element.bitmap, bit, bytes)) continue
    chunks.at(-1)!.slot = (element.at - owner - CHUNK_HEADER) / CHUNK_ELEMENT
    return [...chunks, { node: nodePath(element.bitmap), slot: null, bit }]
  }
  return []
}

function traceTable(state: KhoState, address: number, order: number): TrackerStep[] {
  const { geometry } = state
  const { pageSize, tableEntries } = geometry
  const roots = state.tracker.decode.nodes.filter(node => node.level === TABLE_LEVELS - 1)
  const root = roots.find(node => node.order === order)
  const block = address / (pageSize * 2 ** order)
  const steps: TrackerStep[] = []
  let node = root?.address ?? 0
  for (let level = TABLE_LEVELS; level > 1 && node !== 0; level--) {
    const blocks = 2 ** (tableShift(geometry, level) - geometry.pageShift)
    const slot = Math.floor(block / blocks) % tableEntries
    steps.push({ node: nodePath(node), slot, bit: null })
    node = wordAt(state, node + slot * 8)
  }
  const bit = block % geometry.bitmapBits
  if (node === 0 || !bitAt(state, node, bit, pageSize)) return []
  return [...steps, { node: nodePath(node), slot: null, bit }]
}

/** The elements of a KHO array, wherever its entries' virtual addresses led. */
export function arrayElements(
  state: KhoState,
): { at: number; element: ReturnType<typeof KHO_ARRAY_ELEMENT.read> }[] {
  const isElement = (node: TrackerNode) => node.kind === 'array' && node.size === KHO_ARRAY_ELEMENT.size
  return state.tracker.decode.nodes.filter(isElement).flatMap(({ address }) => {
    const read = state.image.memory.read(address, KHO_ARRAY_ELEMENT.size)
    return read.ok ? [{ at: address, element: KHO_ARRAY_ELEMENT.read(read.bytes) }] : []
  })
}

function traceElements(state: KhoState, address: number, order: number): TrackerStep[] {
  const size = state.geometry.pageSize * 2 ** order
  for (const { at, element } of arrayElements(state)) {
    const { physStart, bitmap } = element
    if (element.order !== order || physStart === null || bitmap === null) continue
    const bit = (address - physStart) / size
    if (bit < 0 || bit >= 4096 || !bitAt(state, bitmap, bit, 512)) continue
    return [
      { node: nodePath(at), slot: null, bit: null },
      { node: nodePath(bitmap), slot: null, bit },
    ]
  }
  return []
}

function traceRanges(state: KhoState, address: number): TrackerStep[] {
  const steps: TrackerStep[] = []
  for (const node of state.tracker.decode.nodes) {
    const read = state.image.memory.read(node.address, node.size)
    if (!read.ok) continue
    const count = Math.min(u64(viewOf(read.bytes), 8), Math.floor((node.size - 16) / RANGES_RANGE.size))
    for (let slot = 0; slot < count; slot++) {
      const { start, size } = RANGES_RANGE.read(read.bytes, 16 + slot * RANGES_RANGE.size)
      if (start !== null && address >= start && address < start + Number(size)) {
        return [...steps, { node: nodePath(node.address), slot, bit: null }]
      }
    }
    steps.push({ node: nodePath(node.address), slot: null, bit: null })
  }
  return []
}

/** The element of a `mem` property, with the path of its node in the root FDT. */
function traceEntries(state: KhoState, address: number): TrackerStep[] {
  let node = ''
  let slot = 0
  for (const entry of memEntries(state.fdt.root)) {
    slot = entry.node === node ? slot + 1 : 0
    node = entry.node
    const first = entry.start - (entry.start % state.geometry.pageSize)
    if (address < first || address >= entry.start + entry.size) continue
    const path = node.split('/').filter(part => part !== '')
    return [{ node: appendPath('fdt', ...path, 'mem'), slot, bit: null }]
  }
  return []
}
