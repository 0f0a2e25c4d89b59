import type { Absence } from '../../formats/memory/fault.js'
import { type PhysicalMemory, presentRanges } from '../../formats/memory/physical-memory.js'
import type { Range } from '../../formats/memory/range.js'
import { rangeIndex } from '../../formats/memory/range.js'
import type { Content, ContentPiece } from '../model/piece.js'

/** What a walk over a content meets, by offset in it, ascending. */
export interface ContentVisitor {
  bytes(offset: number, bytes: Uint8Array): void
  /** Zeros that the kernel shows in place of what a page holds. */
  zeros(offset: number, length: number): void
  /** `address` is null where the structures name none. */
  missing(offset: number, length: number, address: number | null, reason: Absence): void
}

/** Bytes read at a time. */
const PIECE = 1 << 20
/** Smallest unit in which dumps leave memory out. */
const UNIT = 4096
/** Units probed one by one before the dump is asked, once, for all that it has. */
const MOST_PROBES = 1 << 18

/** Visits every byte of a content that is no hole. Costs no more than the bytes that are there and the pieces. */
export function walkContent(memory: PhysicalMemory, content: Content, visitor: ContentVisitor): void {
  let probes = 0
  let present: Range[] | null = null
  for (const piece of content.pieces()) {
    const { offset, length, address } = piece
    if (piece.zeros === true) visitor.zeros(offset, length)
    else if (address === null) visitor.missing(offset, length, null, 'outside')
    else if (present !== null) walkKnown(memory, present, piece, address, visitor)
    else {
      let done = 0
      while (done < length && probes < MOST_PROBES) {
        const count = Math.min(PIECE - ((address + done) % PIECE), length - done)
        probes += readPiece(memory, offset + done, address + done, count, visitor)
        done += count
      }
      if (done === length) continue
      present = presentRanges(memory)
      const rest = { ...piece, offset: offset + done, length: length - done }
      walkKnown(memory, present, rest, address + done, visitor)
    }
  }
}

/** One piece; where it is not whole, unit by unit. Returns the units it took. */
function readPiece(
  memory: PhysicalMemory,
  offset: number,
  address: number,
  length: number,
  visitor: ContentVisitor,
): number {
  const read = memory.read(address, length)
  if (read.ok) {
    visitor.bytes(offset, read.bytes)
    return 0
  }
  let units = 0
  for (let done = 0; done < length; units++) {
    const count = Math.min(UNIT - ((address + done) % UNIT), length - done)
    const unit = memory.read(address + done, count)
    if (unit.ok) visitor.bytes(offset + done, unit.bytes)
    else visitor.missing(offset + done, count, address + done, unit.reason)
    done += count
  }
  return units
}

/** One piece of which most is missing: goes from one stretch of present memory to the next. */
function walkKnown(
  memory: PhysicalMemory,
  present: readonly Range[],
  { offset, length }: ContentPiece,
  address: number,
  visitor: ContentVisitor,
): void {
  const end = address + length
  let at = address
  let index = Math.max(0, rangeIndex(present, address))
  const skip = (to: number) => {
    if (to <= at) return
    const read = memory.read(at, 1)
    visitor.missing(offset + at - address, to - at, at, read.ok ? 'unreadable' : read.reason)
    at = to
  }
  for (; index < present.length && present[index]!.start < end; index++) {
    const range = present[index]!
    if (range.end <= at) continue
    skip(Math.min(range.start, end))
    const stop = Math.min(range.end, end)
    while (at < stop) {
      const count = Math.min(PIECE, stop - at)
      readPiece(memory, offset + at - address, at, count, visitor)
      at += count
    }
  }
  skip(end)
}
