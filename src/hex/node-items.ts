import {
  KHO_ARRAY,
  KHO_ARRAY_ELEMENT,
  KHO_ARRAY_PAGE,
  KHOSER_MEM_BITMAP_PTR,
  KHOSER_MEM_CHUNK,
  RANGES_CHUNK,
  RANGES_RANGE,
  SKETCH_CHUNK,
  type Struct,
} from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import { nextClear, nextSet, wordsOf } from '../../formats/pages/words.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'
import { type BitmapMeaning, bitmapMeaning } from '../owners/node-place.js'
import { nodePath } from '../owners/tracker-trace.js'
import { itemsOf } from './items.js'
import type { Item } from './span.js'

/** One page or object of a tracker: set slots and where they lead, or runs of bits and the blocks they mean. */
export function* nodeItems(state: KhoState, node: TrackerNode): Generator<Item> {
  const { address, size, kind } = node
  const read = state.image.memory.read(address, size)
  const heading = { path: nodePath(address), what: describeNode(node) }
  if (!read.ok) return
  if (kind === 'leaf' || kind === 'bitmap') yield* bitmapItems(state, node, read.bytes, heading)
  else if (kind === 'table') yield* tableItems(address, read.bytes, heading)
  else yield* listItems(state, node, read.bytes)
}

function describeNode({ kind, level, order }: TrackerNode): string {
  const parts = [level === null ? '' : `level ${level}`, order === null ? '' : `order ${order}`]
  return [`tracker ${kind}`, ...parts.filter(part => part !== '')].join(', ')
}

function* tableItems(address: number, bytes: Uint8Array, heading: Item['heading']): Generator<Item> {
  const view = viewOf(bytes)
  const slots = bytes.length / 8
  const empty = (slot: number) => u64(view, slot * 8) === 0
  let first = heading
  for (let slot = 0; slot < slots; ) {
    let end = slot
    while (end < slots && empty(end)) end++
    const set = end === slot
    if (set) end++
    yield {
      address: address + slot * 8,
      length: (end - slot) * 8,
      ...(first === undefined ? {} : { heading: first }),
      name: end - slot === 1 ? `[${slot}]` : `[${slot}-${end - 1}]`,
      type: 'addr',
      value: word => nodePath(u64(viewOf(word), 0)),
      ...(set ? {} : { fill: 0 }),
    }
    first = undefined
    slot = end
  }
}

/** Bytes of a bitmap that are shown together. */
const ROW = 16

function* bitmapItems(
  state: KhoState,
  node: TrackerNode,
  bytes: Uint8Array,
  heading: Item['heading'],
): Generator<Item> {
  const meaning = bitmapMeaning(state, node)
  const words = wordsOf(bytes)
  let run = nextSet(words, 0)
  let first = heading
  const plain = (from: number) => {
    const byte = bytes[from]
    if (byte !== 0 && byte !== 0xff) return null
    let end = from
    while (end < bytes.length && bytes[end] === byte) end++
    return end - from >= ROW * 2 ? { byte, end: end - (end % ROW) } : null
  }
  for (let at = 0; at < bytes.length; ) {
    const same = plain(at)
    const end = same?.end ?? Math.min(at + ROW, bytes.length)
    const notes: string[] = []
    while (run < Math.min(end * 8, words.length * 32)) {
      const stop = nextClear(words, run)
      notes.push(runText(state, meaning, run, stop))
      run = nextSet(words, stop)
    }
    yield {
      address: node.address + at,
      length: end - at,
      ...(first === undefined ? {} : { heading: first }),
      notes,
      name: `bits ${at * 8}-${end * 8 - 1}`,
      type: 'bits',
      value: () => '',
      raw: true,
      ...(same === null ? {} : { fill: same.byte }),
    }
    first = undefined
    at = end
  }
}

function runText(state: KhoState, meaning: BitmapMeaning | null, from: number, to: number): string {
  const bits = to - from === 1 ? `bit ${from}` : `bits ${from}-${to - 1}`
  if (meaning === null) return `${bits}: no block that is known`
  const { order, first } = meaning
  const size = state.geometry.pageSize * 2 ** order
  const start = (first + from) * size
  const count = to - from === 1 ? 'a block' : `${to - from} blocks`
  return `${bits}: ${count} of order ${order}, ${hex(start)}-${hex((first + to) * size)}`
}

/** Pages of lists and arrays: a header, and as many entries as it counts. */
function* listItems(state: KhoState, node: TrackerNode, bytes: Uint8Array): Generator<Item> {
  const path = nodePath(node.address)
  const { address } = node
  const header = headerOf(state, node)
  const struct = (kind: Struct) => itemsOf(state, { kind: 'struct', address, struct: kind, path })
  yield* struct(header.struct)
  if (header.entry === null) return
  const { entry } = header
  const room = Math.floor((bytes.length - header.struct.size) / entry.size)
  const count = Math.min(header.count(bytes), room)
  const pathOf = (n: number) => `${path}[${n}]`
  yield* itemsOf(state, {
    kind: 'records',
    address: address + header.struct.size,
    struct: entry,
    count,
    pathOf,
  })
}

function headerOf(
  state: KhoState,
  node: TrackerNode,
): { struct: Struct; entry: Struct | null; count(bytes: Uint8Array): number } {
  const none = () => 0
  if (state.tracker.format === 'range-list') {
    const count = (bytes: Uint8Array) => Number(RANGES_CHUNK.read(bytes).numRanges)
    return { struct: RANGES_CHUNK, entry: RANGES_RANGE, count }
  }
  if (node.kind === 'array') {
    if (node.size === KHO_ARRAY_ELEMENT.size) return { struct: KHO_ARRAY_ELEMENT, entry: null, count: none }
    const struct = node.size === KHO_ARRAY.size ? KHO_ARRAY : KHO_ARRAY_PAGE
    return { struct, entry: null, count: none }
  }
  if (state.abi === 'sketch') {
    const count = (bytes: Uint8Array) => SKETCH_CHUNK.read(bytes).numElms
    return { struct: SKETCH_CHUNK, entry: KHOSER_MEM_BITMAP_PTR, count }
  }
  const count = (bytes: Uint8Array) => KHOSER_MEM_CHUNK.read(bytes).numElms
  return { struct: KHOSER_MEM_CHUNK, entry: KHOSER_MEM_BITMAP_PTR, count }
}
