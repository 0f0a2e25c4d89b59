import { isKhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import type { Absence } from '../memory/fault.js'
import {
  type Absent,
  type Block,
  checkRequest,
  type PhysicalMemory,
  type Present,
} from '../memory/physical-memory.js'
import { mergeRanges, type Range, rangeIndex, rangesCover } from '../memory/range.js'
import { lastAtOrBelow } from '../memory/sorted.js'
import { disjointSegments, type Segment } from './segments.js'

/** What a file with uncompressed segments knows. */
export interface SegmentLayout {
  /** Segments that lie in the file with all their bytes; of overlapping ones the first wins. */
  present: readonly Segment[]
  /** Addresses whose bytes should be in the file but are beyond its end. Sorted, disjoint. */
  truncated: readonly Range[]
  /** RAM that the dump knows of, with or without bytes. Sorted, disjoint, merged. */
  ranges: readonly Range[]
}

/** Longest block of a sequential pass: what the kernel copies stays in a processor's cache until it is looked at. */
const BLOCK_BYTES = 2 ** 18

/** Blocks after the first of a segment begin at multiples of this. */
const BLOCK_ALIGN = 4096

/** A physical memory over segments of a file. */
export function segmentMemory(source: ByteSource, layout: SegmentLayout): PhysicalMemory {
  const pieces = disjointSegments(layout.present)
  let fileOrder: Segment[] | null = null
  let written: Segment[] | null | undefined
  let lookedThrough: Pass | undefined
  let hint = 0

  function absent(address: number): Absent {
    return { ok: false, reason: whyAbsent(layout, address), address }
  }

  /** Index of the piece that has `phys`, or -1. Walks are local: the piece of the last read is tried first. */
  function find(phys: number): number {
    const last = pieces[hint]
    if (last !== undefined && phys >= last.start && phys < last.end) return hint
    const index = rangeIndex(pieces, phys)
    if (index < 0 || phys >= pieces[index]!.end) return -1
    hint = index
    return index
  }

  function read(phys: number, length: number): Present | Absent {
    checkRequest(phys, length)
    if (length === 0) return { ok: true, bytes: new Uint8Array(0), offset: null }
    const first = find(phys)
    if (first < 0) return absent(phys)
    const piece = pieces[first]!
    if (phys + length <= piece.end) return fetch(source, phys, piece.offset + (phys - piece.start), length)
    return assemble(first, phys, length)
  }

  /** A span over several pieces; nothing is allocated before all of it is known to be there. */
  function assemble(first: number, phys: number, length: number): Present | Absent {
    const end = phys + length
    let last = first
    while (pieces[last]!.end < end) {
      const next = pieces[last + 1]
      if (next === undefined || next.start !== pieces[last]!.end) return absent(pieces[last]!.end)
      last++
    }
    const bytes = new Uint8Array(length)
    for (let i = first; i <= last; i++) {
      const piece = pieces[i]!
      const start = Math.max(piece.start, phys)
      // Not `reuse`: who looks through blocks reads what one points to before looking at its rest.
      const part = fetch(
        source,
        start,
        piece.offset + (start - piece.start),
        Math.min(piece.end, end) - start,
      )
      if (!part.ok) return part
      bytes.set(part.bytes, start - phys)
    }
    return { ok: true, bytes, offset: null }
  }

  /** The parts of the pieces that the file has bytes of its own for; null where that is not known. */
  function writtenPieces(): Segment[] | null {
    if (written === undefined) {
      const parts = source.written?.() ?? null
      written = parts && inFileOrder().flatMap(piece => cutToWritten(piece, parts))
    }
    return written
  }

  function inFileOrder(): Segment[] {
    fileOrder ??= [...pieces].sort((a, b) => a.offset - b.offset)
    return fileOrder
  }

  function chosen(which?: 'all' | 'written'): Segment[] {
    return (which === 'written' ? writtenPieces() : null) ?? inFileOrder()
  }

  function* blocks(which?: 'all' | 'written'): Generator<Block> {
    for (const piece of chosen(which)) yield* pieceBlocks(source, piece, piece.start, piece.end)
  }

  function pass(): Pass {
    lookedThrough ??= passOver(chosen('written'))
    return lookedThrough
  }

  return {
    ranges: layout.ranges,
    inputSize: source.size,
    read,
    blocks,
    writtenBytes: () => writtenPieces()?.reduce((sum, { start, end }) => sum + end - start, 0) ?? null,
    present: () => mergeRanges(pieces.map(({ start, end }) => ({ start, end }))),
    parts: {
      cuts: bytes => cutPass(pass(), bytes),
      pass: (from, to) => ({ blocks: () => partOf(source, pass(), from, to) }),
    },
  }
}

/** Pieces in the order of a pass, and how many bytes of it come before each. */
interface Pass {
  pieces: readonly Segment[]
  before: Float64Array
  total: number
}

function passOver(pieces: readonly Segment[]): Pass {
  const before = new Float64Array(pieces.length)
  let total = 0
  pieces.forEach(({ start, end }, n) => {
    before[n] = total
    total += end - start
  })
  return { pieces, before, total }
}

/** Cuts where a block begins, so that parts have the blocks of the whole. */
function cutPass({ pieces, before, total }: Pass, bytes: number): Float64Array {
  const cuts = [0]
  pieces.forEach(({ start, end }, n) => {
    const first = before[n]!
    const aligned = blockEnd(start)
    for (;;) {
      const wanted = start + (cuts.at(-1)! + bytes - first)
      const whole = Math.max(0, Math.ceil((wanted - aligned) / BLOCK_BYTES)) * BLOCK_BYTES
      const at = wanted <= start ? start : aligned + whole
      if (at >= end) return
      cuts.push(first + (at - start))
    }
  })
  return Float64Array.from([...cuts, total])
}

function* partOf(source: ByteSource, pass: Pass, from: number, to: number): Generator<Block> {
  const { pieces, before } = pass
  for (let n = Math.max(0, lastAtOrBelow(before, from)); n < pieces.length && before[n]! < to; n++) {
    const piece = pieces[n]!
    const start = piece.start + Math.max(0, from - before[n]!)
    yield* pieceBlocks(source, piece, start, Math.min(piece.end, piece.start + (to - before[n]!)))
  }
}

function* pieceBlocks(source: ByteSource, piece: Segment, from: number, to: number): Generator<Block> {
  for (let phys = from; phys < to; ) {
    const end = Math.min(to, blockEnd(phys))
    const part = fetch(source, phys, piece.offset + (phys - piece.start), end - phys, true)
    if (part.ok) yield { phys, bytes: part.bytes, offset: part.offset }
    phys = end
  }
}

/** Where a block that begins at an address ends at the latest. */
function blockEnd(phys: number): number {
  return Math.floor((phys + BLOCK_BYTES) / BLOCK_ALIGN) * BLOCK_ALIGN
}

/** The parts of a piece that lie in ranges of its file, which are ascending. */
function cutToWritten(piece: Segment, written: readonly Range[]): Segment[] {
  const from = piece.offset
  const to = piece.offset + (piece.end - piece.start)
  const parts: Segment[] = []
  for (let n = Math.max(0, rangeIndex(written, from)); n < written.length && written[n]!.start < to; n++) {
    const start = Math.max(from, written[n]!.start)
    const end = Math.min(to, written[n]!.end)
    if (end <= start) continue
    parts.push({ start: piece.start + (start - from), end: piece.start + (end - from), offset: start })
  }
  return parts
}

function whyAbsent(layout: SegmentLayout, address: number): Absence {
  if (rangesCover(layout.truncated, address, address + 1)) return 'truncated'
  return rangesCover(layout.ranges, address, address + 1) ? 'excluded' : 'outside'
}

/** A file may shrink after it was opened, and a disk may fail: both are reasons for absence, not for stopping. */
function fetch(
  source: ByteSource,
  phys: number,
  offset: number,
  length: number,
  reuse = false,
): Present | Absent {
  try {
    const bytes = source.read(offset, length, reuse)
    if (bytes.length < length) return { ok: false, reason: 'truncated', address: phys + bytes.length }
    return { ok: true, bytes, offset }
  } catch (error) {
    if (isKhoError(error) && error.code === 'unreadable') {
      return { ok: false, reason: 'unreadable', address: phys }
    }
    throw error
  }
}
