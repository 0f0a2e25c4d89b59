import { presentRanges } from '../../formats/memory/physical-memory.js'
import { type Range, rangeIndex } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import type { Node } from '../model/node.js'
import type { Piece } from '../model/piece.js'
import { createResolver } from '../model/resolve.js'
import { ownershipOf } from '../owners/ownership.js'
import { itemsOf } from './items.js'
import { createReader, type Reader } from './reader.js'
import { BATCH, FieldStretch, type HexSpan, hexSpan, type Item, type Span } from './span.js'

/** Claims of an address range whose structures are shown. */
const MOST_STRUCTURES = 1 << 16
/** Pages that are probed one by one before the dump is asked for all that it has. */
const MOST_PROBES = 1 << 18
/** Rows of a hex dump. */
const ROW = 16
/** Rows of the same bytes from which on they are not shown. */
const FILL_ROWS = 3

/** The bytes of a part: its structures field by field, and what lies between them as gaps. */
export function* partSpans(state: KhoState, node: Pick<Node, 'memory'>): Generator<HexSpan> {
  for (const spans of partBatches(state, node)) for (const span of spans) yield hexSpan(span)
}

/** The bytes of a range of addresses, with the structures of whoever claims them. */
export function* addressSpans(state: KhoState, extent: Range): Generator<HexSpan> {
  for (const spans of addressBatches(state, extent)) for (const span of spans) yield hexSpan(span)
}

/** {@link partSpans}, many at a time. */
export function* partBatches(state: KhoState, { memory }: Pick<Node, 'memory'>): Generator<readonly Span[]> {
  for (const extent of memory.extents) yield* spansOf(state, extent, memory.pieces?.() ?? [])
}

/** {@link addressSpans}, many at a time. */
export function addressBatches(state: KhoState, extent: Range): Iterable<readonly Span[]> {
  return spansOf(state, extent, claimedPieces(state, extent))
}

function claimedPieces(state: KhoState, { start, end }: Range): Piece[] {
  const ownership = ownershipOf(state)
  const resolve = createResolver(state)
  const pieces: Piece[] = []
  for (const id of ownership.find(start, end, MOST_STRUCTURES)) {
    const claim = ownership.claim(id)
    // The contents of files and regions have no structure of KHO's.
    if (claim.kind === 'data') continue
    for (const piece of resolve(claim.path).memory.pieces?.() ?? []) pieces.push(piece)
  }
  return pieces.sort((a, b) => a.address - b.address)
}

function* spansOf(state: KhoState, extent: Range, pieces: Iterable<Piece>): Generator<readonly Span[]> {
  const end = extent.end
  const gaps = createGaps(state)
  const read = createReader(state)
  let at = extent.start
  let spans: Span[] = []
  for (const piece of pieces) {
    let heading: Item['heading']
    let past = false
    for (const items of itemsOf(state, piece)) {
      for (const item of items) {
        heading = item.heading ?? heading
        past = item.address >= end
        if (past) break
        // A structure over one that was shown is another reading of the same bytes: the first has them.
        if (item.address + item.length <= at || (item.address < at && at !== extent.start)) continue
        if (item.address > at) {
          for (const span of gaps(at, item.address)) {
            spans.push(span)
            if (spans.length < BATCH && span.kind !== 'gap') continue
            yield spans
            spans = []
          }
        }
        const from = Math.max(at, item.address)
        at = Math.min(item.address + item.length, end)
        if (heading !== undefined) {
          spans.push({ kind: 'heading', address: item.address, path: heading.path, what: heading.what })
          heading = undefined
        }
        if (item.notes !== undefined) {
          for (const text of item.notes) spans.push({ kind: 'note', address: from, text })
        }
        spans.push(itemSpan(read, item, from, at))
      }
      if (spans.length >= BATCH) {
        yield spans
        spans = []
      }
      if (past) break
    }
    if (piece.address >= end) break
  }
  yield spans
  for (const span of gaps(at, end)) yield [span]
}

/** One field, cut to the range that was asked for; its value is that of the whole. */
function itemSpan(read: Reader, item: Item, from: number, to: number): Span {
  const { address, name, type, fill } = item
  const found = read(address, item.length)
  const length = to - from
  if (!found.ok) return { kind: 'absent', address: from, length, reason: found.reason, name }
  const skipped = from - address
  const { source } = found
  const offset = found.offset === null ? null : found.offset + skipped
  if (fill !== undefined) return { kind: 'fill', address: from, length, byte: fill, name, offset }
  const value = item.raw === true ? '' : item.value(source, found.at, item.length)
  return new FieldStretch(from, length, source, found.at + skipped, offset, name, type, value)
}

/** Yields the spans between two addresses that no structure explains: a page at a time, absent ones joined. */
function createGaps(state: KhoState): (from: number, to: number) => Generator<Span> {
  const { memory } = state.image
  const { pageSize } = state.geometry
  let probes = 0
  let present: Range[] | null = null

  /** Where memory that is absent at `at` may begin again. */
  function nextPresent(at: number, to: number): number {
    if (++probes < MOST_PROBES) return Math.min(to, at - (at % pageSize) + pageSize)
    present ??= presentRanges(memory)
    const next = present[rangeIndex(present, at) + 1]
    return Math.min(to, next?.start ?? to)
  }

  return function* gaps(from, to) {
    let absent: Extract<Span, { kind: 'absent' }> | null = null
    for (let at = from; at < to; ) {
      const length = Math.min(pageSize - (at % pageSize), to - at)
      const read = memory.read(at, length)
      if (read.ok) {
        if (absent !== null) yield absent
        absent = null
        yield* plainSpans(at, read.bytes, read.offset)
        at += length
        continue
      }
      const next = nextPresent(at, to)
      if (absent !== null && absent.reason !== read.reason) {
        yield absent
        absent = null
      }
      absent ??= { kind: 'absent', address: at, length: 0, reason: read.reason, name: null }
      absent.length += next - at
      at = next
    }
    if (absent !== null) yield absent
  }
}

/** Bytes of one page, rows of nothing but zeros taken together. */
function* plainSpans(address: number, source: Uint8Array, offset: number | null): Generator<Span> {
  let shown = 0
  const gap = (to: number): Span[] => {
    if (to <= shown) return []
    const place = offset === null ? null : offset + shown
    return [{ kind: 'gap', address: address + shown, length: to - shown, source, at: shown, offset: place }]
  }
  for (let at = 0; at < source.length; ) {
    let end = at
    while (end < source.length && source[end] === 0) end++
    const from = at === 0 ? 0 : Math.ceil(at / ROW) * ROW
    const to = end === source.length ? end : end - (end % ROW)
    if (to - from >= FILL_ROWS * ROW) {
      yield* gap(from)
      const place = offset === null ? null : offset + from
      yield { kind: 'fill', address: address + from, length: to - from, byte: 0, name: null, offset: place }
      shown = to
    }
    at = Math.max(end, at + 1)
  }
  yield* gap(source.length)
}
