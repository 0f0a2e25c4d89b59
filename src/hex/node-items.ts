import { hex } from '../../formats/memory/fault.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import { nextClear, nextSet, wordsOf } from '../../formats/pages/words.js'
import { nodePath } from '../../formats/trackers/shared/read.js'
import type { NodePiece, TrackerNode } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'
import { nodePieces } from '../owners/tracker-trace.js'
import type { Item } from './span.js'
import { recordItems, structItems } from './struct-items.js'
import { sameView } from './view.js'

/** One page or object of a tracker: set slots and where they lead, or runs of bits and the blocks they mean. */
export function* nodeItems(state: KhoState, node: TrackerNode): Generator<readonly Item[]> {
  const path = nodePath(node.address)
  let heading: Item['heading'] = { path, what: describeNode(node) }
  for (const piece of nodePieces(state, node)) {
    yield* pieceItems(state, piece, path, heading)
    heading = undefined
  }
}

function pieceItems(
  state: KhoState,
  piece: NodePiece,
  path: string,
  heading: Item['heading'],
): Iterable<readonly Item[]> {
  const { address } = piece
  if (piece.kind === 'struct') {
    return [structItems(piece.struct, piece.address, path)]
  } else if (piece.kind === 'records') {
    return recordItems({ ...piece, pathOf: n => `${path}[${n}]` })
  } else {
    const read = state.image.memory.read(address, piece.kind === 'bits' ? piece.size : piece.count * 8)
    if (!read.ok) return []
    if (piece.kind === 'bits') return [bitmapItems(state, piece, read.bytes, heading)]
    if (piece.kind === 'table') {
      return [
        slotItems(address, read.bytes, heading, 'addr', (bytes, at) => nodePath(u64(sameView(bytes), at))),
      ]
    }
    return [
      slotItems(address, read.bytes, heading, 'u64', (bytes, at) =>
        hex(sameView(bytes).getBigUint64(at, true)),
      ),
    ]
  }
}

function describeNode({ kind, level, order }: TrackerNode): string {
  const parts = [level === null ? '' : `level ${level}`, order === null ? '' : `order ${order}`]
  return [`tracker ${kind}`, ...parts.filter(part => part !== '')].join(', ')
}

/** Slots that are not 0, each with what it says; the others in runs. */
function slotItems(
  address: number,
  bytes: Uint8Array,
  heading: Item['heading'],
  type: Item['type'],
  value: Item['value'],
): Item[] {
  const items: Item[] = []
  const view = viewOf(bytes)
  const slots = bytes.length / 8
  const empty = (slot: number) => u64(view, slot * 8) === 0
  let first = heading
  for (let slot = 0; slot < slots; ) {
    let end = slot
    while (end < slots && empty(end)) end++
    const set = end === slot
    if (set) end++
    items.push({
      address: address + slot * 8,
      length: (end - slot) * 8,
      ...(first === undefined ? {} : { heading: first }),
      name: end - slot === 1 ? `[${slot}]` : `[${slot}-${end - 1}]`,
      type,
      value,
      ...(set ? {} : { fill: 0 }),
    })
    first = undefined
    slot = end
  }
  return items
}

/** Bytes of a bitmap that are shown together. */
const ROW = 16

function bitmapItems(
  state: KhoState,
  piece: Extract<NodePiece, { kind: 'bits' }>,
  bytes: Uint8Array,
  heading: Item['heading'],
): Item[] {
  const items: Item[] = []
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
      notes.push(runText(state, piece, run, stop))
      run = nextSet(words, stop)
    }
    items.push({
      address: piece.address + at,
      length: end - at,
      ...(first === undefined ? {} : { heading: first }),
      notes,
      name: `bits ${at * 8}-${end * 8 - 1}`,
      type: 'bits',
      value: () => '',
      raw: true,
      ...(same === null ? {} : { fill: same.byte }),
    })
    first = undefined
    at = end
  }
  return items
}

function runText(
  state: KhoState,
  { order, first }: Extract<NodePiece, { kind: 'bits' }>,
  from: number,
  to: number,
): string {
  const bits = to - from === 1 ? `bit ${from}` : `bits ${from}-${to - 1}`
  if (order === null || first === null) return `${bits}: no block that is known`
  const size = state.geometry.pageSize * 2 ** order
  const start = (first + from) * size
  const count = to - from === 1 ? 'a block' : `${to - from} blocks`
  return `${bits}: ${count} of order ${order}, ${hex(start)}-${hex((first + to) * size)}`
}
