import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { hex } from '../memory/fault.js'
import { createNumberList } from '../memory/number-list.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { lastAtOrBelow } from '../memory/sorted.js'
import { viewOf } from '../memory/u64.js'
import { disjointSegments, type Segment } from './segments.js'

/*
 * struct makedumpfile_header { char signature[16], s64 type, s64 version }, padded to 4096 bytes; then, until an offset
 * of -1, struct makedumpfile_data_header { s64 offset, s64 buf_size } and so many bytes. All big-endian.
 * makedumpfile 1.7.9, IMPLEMENTATION, "The flattened format".
 */
const HEADER_BYTES = 4096
const DATA_HEADER_BYTES = 16
const TYPE = 1n
const VERSION = 1n

/** QEMU writes pieces of 16 KiB: so many are a dump of 128 GiB. Their index takes 200 MB. */
const MAX_PIECES = 2 ** 23

/** Bytes of the file that nothing was written to (zeros, as on disk) beyond those that were. */
const MAX_HOLES = 2 ** 26

/** A flattened file seen as the file that `makedumpfile -R` would make of it. */
export interface FlattenedSource extends ByteSource {
  /** Where the bytes lie in the flattened file; null where they are in several pieces, or in none. */
  locate(offset: number, length: number): number | null
  /** False where the file ends before its end mark. Bytes that nothing was written to are then unreadable. */
  complete: boolean
  /** The same bytes, but zeros for those, as an incomplete kdump has them in its page descriptors. */
  zeroed: ByteSource
}

/** Pieces, sorted by their place in the rearranged file and disjoint. */
interface Pieces {
  starts: Float64Array
  ends: Float64Array
  offsets: Float64Array
  size: number
}

/** True for the first bytes of a flattened file. */
export function isFlattened(source: ByteSource): boolean {
  return String.fromCharCode(...source.read(0, 13)) === 'makedumpfile\0'
}

/**
 * Opens a flattened file in place, through an index of its pieces; of those that overlap the later ones hold.
 *
 * @throws KhoError `unreadable` for a file that is cut short in its header or whose pieces make no sense, `unsupported` for
 * another type or version and for more pieces than an index holds.
 */
export function openFlattened(source: ByteSource): FlattenedSource {
  const header = source.read(0, 32)
  if (!isFlattened(source)) {
    throw new KhoError('unknown-format', 'not a flattened file: the signature "makedumpfile" is missing')
  }
  if (source.size < HEADER_BYTES + DATA_HEADER_BYTES) {
    const message = `the flattened file is cut short: ${source.size} bytes`
    throw new KhoError('unreadable', message, { offset: 0 })
  }
  const view = viewOf(header)
  const [type, version] = [view.getBigInt64(16), view.getBigInt64(24)]
  if (type !== TYPE || version !== VERSION) {
    throw new KhoError(
      'unsupported',
      `a flattened file of type ${type}, version ${version}: only 1, 1 is known`,
    )
  }
  const { pieces, complete } = readPieces(source)
  return { ...flattenedSource(source, pieces, complete), zeroed: flattenedSource(source, pieces, true) }
}

function flattenedSource(
  source: ByteSource,
  pieces: Pieces,
  complete: boolean,
): Omit<FlattenedSource, 'zeroed'> {
  const { starts, ends, offsets, size } = pieces
  let hint = 0

  /** Index of the last piece that starts at or before `offset`, or -1. Reads are mostly sequential. */
  function find(offset: number): number {
    for (let i = hint; i < hint + 2 && i < starts.length; i++) {
      if ((starts[i] as number) <= offset && offset < (ends[i] as number)) {
        hint = i
        return i
      }
    }
    const last = lastAtOrBelow(starts, offset)
    if (last >= 0) hint = last
    return last
  }

  function locate(offset: number, length: number): number | null {
    const i = find(offset)
    if (i < 0 || offset + length > (ends[i] as number)) return null
    return (offsets[i] as number) + offset - (starts[i] as number)
  }

  function read(offset: number, length: number, reuse = false): Uint8Array {
    if (!(offset >= 0 && length >= 0)) {
      throw new KhoError('usage', `read of ${length} bytes at offset ${offset}`)
    }
    const wanted = Math.max(0, Math.min(length, size - offset))
    if (wanted === 0) return new Uint8Array(0)
    const place = locate(offset, wanted)
    return place === null ? assemble(offset, wanted) : exactly(place, wanted, reuse)
  }

  function assemble(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    const end = offset + length
    let at = offset
    for (let i = Math.max(0, find(offset)); i < starts.length && (starts[i] as number) < end; i++) {
      const start = Math.max(at, starts[i] as number)
      const stop = Math.min(end, ends[i] as number)
      if (stop <= start) continue
      checkHole(at, start)
      bytes.set(
        exactly((offsets[i] as number) + start - (starts[i] as number), stop - start, false),
        start - offset,
      )
      at = stop
    }
    checkHole(at, end)
    return bytes
  }

  /** What nobody wrote is zeros, unless the file ended before somebody could. */
  function checkHole(start: number, end: number): void {
    if (start >= end || complete) return
    const message = `the flattened file is cut short: nothing in it is for offset ${hex(start)}`
    throw new KhoError('unreadable', message, { offset: start })
  }

  function exactly(place: number, length: number, reuse: boolean): Uint8Array {
    const bytes = source.read(place, length, reuse)
    if (bytes.length === length) return bytes
    throw new KhoError('unreadable', `the file ends at ${hex(place + bytes.length)}`, { offset: place })
  }

  return { size, read, locate, complete }
}

/** Walks from header to header. The last piece of a file that is cut short counts as far as it goes. */
function readPieces(source: ByteSource): { pieces: Pieces; complete: boolean } {
  const starts = createNumberList()
  const lengths = createNumberList()
  const offsets = createNumberList()
  let complete = false
  let written = 0
  let at = HEADER_BYTES
  while (at + DATA_HEADER_BYTES <= source.size) {
    const view = viewOf(source.read(at, DATA_HEADER_BYTES))
    const start = view.getBigInt64(0)
    if (start === -1n) {
      complete = true
      break
    }
    const length = view.getBigInt64(8)
    if (start < 0n || length < 0n || start + length > BigInt(Number.MAX_SAFE_INTEGER)) {
      const message = `damaged flattened file: bad offset and size ${start}, ${length} at file offset ${hex(at)}`
      throw new KhoError('unreadable', message, { offset: at })
    }
    const kept = Math.min(Number(length), source.size - at - DATA_HEADER_BYTES)
    if (kept > 0) {
      if (starts.length === MAX_PIECES) {
        throw new KhoError('unsupported', `the flattened file has more than ${MAX_PIECES} pieces`, {
          hint: 'rearrange it: makedumpfile -R OUT < FILE',
        })
      }
      starts.push(Number(start))
      lengths.push(kept)
      offsets.push(at + DATA_HEADER_BYTES)
      written += kept
    }
    at += DATA_HEADER_BYTES + Number(length)
  }
  const pieces = sortPieces(starts.toArray(), lengths.toArray(), offsets.toArray())
  if (pieces.size > written + MAX_HOLES) {
    const message = `damaged flattened file: ${written} bytes are written to a file of ${pieces.size}`
    throw new KhoError('unreadable', message)
  }
  return { pieces, complete }
}

/** Sorts pieces by place. Runs of them that overlap are cut so that each byte comes from the last piece that has it. */
function sortPieces(starts: Float64Array, lengths: Float64Array, offsets: Float64Array): Pieces {
  const order = Uint32Array.from(starts, (_, i) => i)
  const at = (i: number) => starts[i] as number
  if (!isSorted(starts)) order.sort((a, b) => at(a) - at(b) || a - b)
  const out = { starts: createNumberList(), ends: createNumberList(), offsets: createNumberList() }
  let size = 0
  for (let i = 0; i < order.length; ) {
    let end = at(order[i] as number) + (lengths[order[i] as number] as number)
    let next = i + 1
    while (next < order.length && at(order[next] as number) < end) {
      const piece = order[next++] as number
      end = Math.max(end, at(piece) + (lengths[piece] as number))
    }
    const run = order.subarray(i, next)
    for (const piece of run.length === 1 ? [segmentOf(run[0] as number)] : latest(run)) {
      out.starts.push(piece.start)
      out.ends.push(piece.end)
      out.offsets.push(piece.offset)
    }
    size = end
    i = next
  }
  return { starts: out.starts.toArray(), ends: out.ends.toArray(), offsets: out.offsets.toArray(), size }

  function segmentOf(piece: number): Segment {
    const start = at(piece)
    return { start, end: start + (lengths[piece] as number), offset: offsets[piece] as number }
  }

  function latest(run: Uint32Array): Segment[] {
    return disjointSegments([...run].sort((a, b) => b - a).map(segmentOf))
  }
}

function isSorted(values: Float64Array): boolean {
  return values.every((value, i) => i === 0 || value >= (values[i - 1] as number))
}

/** A memory whose file offsets are those of the flattened file itself. */
export function withFileOffsets(memory: PhysicalMemory, { locate }: FlattenedSource): PhysicalMemory {
  const place = (offset: number | null, length: number) => (offset === null ? null : locate(offset, length))
  return {
    ...memory,
    read(phys, length) {
      const result = memory.read(phys, length)
      return result.ok ? { ...result, offset: place(result.offset, length) } : result
    },
    *blocks(which) {
      for (const block of memory.blocks(which)) {
        yield { ...block, offset: place(block.offset, block.bytes.length) }
      }
    },
  }
}
