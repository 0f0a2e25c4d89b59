import { KhoError } from '../error.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { type Content, contentLength, type Sink, writeContent } from './sink.js'

/** One piece of memory to be written. */
export interface RawWriterSegment {
  phys: number
  content: Content
}

export interface RawWriterOptions {
  /** Physical address of the file's first byte; default 0. */
  base?: number
  /** End of the file as a physical address (exclusive); default: the end of the last segment. */
  end?: number
  /**
   * What becomes of memory between segments, which a raw file cannot say is absent: `zero` (default) hands
   * zeros to the sink, `skip` leaves a hole for a sink that writes at offsets; the caller then sets the length.
   */
  holes?: 'zero' | 'skip'
}

/** What was written. */
export interface RawWritten {
  /** Length of the file in bytes. */
  size: number
  /** Bytes of it that stand for memory that no segment has: zeros that mean nothing. */
  holes: number
}

const ZEROS_BYTES = 2 ** 20

/**
 * Writes memory as a raw file: the byte at physical address `p` is at file offset `p - base`. Segments may
 * come in any order.
 *
 * @throws KhoError `usage` for segments that overlap or lie outside `[base, end)`, `unreadable` when a source
 * falls short.
 */
export function writeRaw(
  segments: readonly RawWriterSegment[],
  options: RawWriterOptions,
  sink: Sink,
): RawWritten {
  const base = options.base ?? 0
  const sorted = segments.filter(({ content }) => contentLength(content) > 0).sort((a, b) => a.phys - b.phys)
  const end = checkLayout(sorted, base, options.end)
  const skip = options.holes === 'skip'
  let at = base
  let holes = 0
  for (const { phys, content } of sorted) {
    holes += phys - at
    if (!skip) writeZeros(at - base, phys - at, sink)
    writeContent(content, phys - base, sink)
    at = phys + contentLength(content)
  }
  holes += end - at
  if (!skip) writeZeros(at - base, end - at, sink)
  return { size: end - base, holes }
}

/** Returns the end of the file as a physical address. */
function checkLayout(sorted: readonly RawWriterSegment[], base: number, wanted: number | undefined): number {
  let end = base
  for (const { phys, content } of sorted) {
    if (!Number.isSafeInteger(phys) || phys < end) {
      const problem = phys < base ? `lies below the base ${hex(base)}` : 'overlaps another'
      throw new KhoError('usage', `the segment at ${hex(phys)} ${problem}`, { address: phys })
    }
    end = phys + contentLength(content)
  }
  if (end > ADDRESS_LIMIT)
    throw new KhoError('usage', `memory up to ${hex(end)} leads beyond the address space`)
  if (wanted !== undefined && wanted < end) {
    throw new KhoError('usage', `the file is to end at ${hex(wanted)}, but there is memory up to ${hex(end)}`)
  }
  return wanted ?? end
}

function writeZeros(offset: number, length: number, sink: Sink): void {
  if (length === 0) return
  const zeros = new Uint8Array(Math.min(length, ZEROS_BYTES))
  for (let at = 0; at < length; at += zeros.length) {
    sink(zeros.subarray(0, Math.min(zeros.length, length - at)), offset + at)
  }
}
