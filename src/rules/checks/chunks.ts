import { abiOf } from '../../../formats/kernels/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import {
  CHUNK_ELEMENT,
  CHUNK_HEADER,
  CHUNK_WORDS,
  chunkCapacity,
  ELEMENT_BITMAP,
  ELEMENT_START,
} from '../../../formats/trackers/chunk-list/index.js'
import { WRAPPED_ORDER } from '../../../formats/trackers/shared/bitmap-element.js'
import type { KhoState } from '../../image/state.js'
import type { Occurrence, RuleContext } from '../rule.js'

interface Chunk {
  address: number
  order: number
  /** Entries, as it says; no more than fit the page. */
  count: number
  view: DataView
}

/** The chunks of a list, in list order. The sketch of February 2025 had another header: it is left alone. */
function* chunksOf(state: KhoState): Generator<Chunk> {
  const { decode, format } = state.tracker
  if (format !== 'chunk-list' || abiOf(state.abi).chunkHeader === 'order-first') return
  for (const node of decode.nodes) {
    if (node.kind !== 'chunk') continue
    const read = state.image.memory.read(node.address, state.geometry.pageSize)
    if (!read.ok) continue
    const view = viewOf(read.bytes)
    const count = Math.min(view.getUint32(CHUNK_WORDS.count, true), chunkCapacity(state.geometry))
    yield { address: node.address, order: view.getUint32(CHUNK_WORDS.order, true), count, view }
  }
}

const pathOf = (chunk: Chunk) => `tracker/nodes/${hex(chunk.address)}`

/** Entries behind the last one that is counted. */
export function* checkChunkTail({ state }: RuleContext): Generator<Occurrence> {
  for (const chunk of chunksOf(state)) {
    const { view, count } = chunk
    for (let n = count; n < chunkCapacity(state.geometry); n++) {
      const at = CHUNK_HEADER + n * CHUNK_ELEMENT
      if (u64(view, at + ELEMENT_START) === 0 && u64(view, at + ELEMENT_BITMAP) === 0) continue
      const message = `chunk ${hex(chunk.address)} counts ${count} entries, and slot ${n} is not empty`
      yield { message, path: pathOf(chunk), address: chunk.address + at }
      break
    }
  }
}

/** Chunks with room left, and another one of their order behind them. */
export function* checkChunkFullness({ state }: RuleContext): Generator<Occurrence> {
  const capacity = chunkCapacity(state.geometry)
  let before: Chunk | null = null
  for (const chunk of chunksOf(state)) {
    if (before !== null && before.order === chunk.order && before.count < capacity) {
      const message = `chunk ${hex(before.address)} of order ${before.order} has ${before.count} of ${capacity} entries, and another one of that order follows`
      yield { message, path: pathOf(before), address: before.address + CHUNK_WORDS.count }
    }
    before = chunk
  }
}

/** Places where orders, or addresses of one order, go down. */
export function* checkChunkOrder({ state }: RuleContext): Generator<Occurrence> {
  let order = -1
  let start = -1
  for (const chunk of chunksOf(state)) {
    const { view, count } = chunk
    // A range at pfn 0 is recorded with order 0xffffffff, wherever it was in the writer's index.
    if (chunk.order === WRAPPED_ORDER) continue
    if (chunk.order < order) {
      const message = `chunk ${hex(chunk.address)} of order ${chunk.order} comes after one of order ${order}`
      yield { message, path: pathOf(chunk), address: chunk.address + CHUNK_WORDS.order }
    }
    if (chunk.order !== order) start = -1
    order = chunk.order
    for (let n = 0; n < count; n++) {
      const at = CHUNK_HEADER + n * CHUNK_ELEMENT
      const next = u64(view, at + ELEMENT_START)
      if (next <= start) {
        const message = `entry ${n} of chunk ${hex(chunk.address)} begins at ${hex(next)}, the one before at ${hex(start)}`
        yield { message, path: pathOf(chunk), address: chunk.address + at }
      }
      start = next
    }
  }
}
