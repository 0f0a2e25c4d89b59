import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { type Fault, fault, hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { mergeRanges } from '../memory/range.js'
import { viewOf } from '../memory/u64.js'
import type { Dump } from './dump.js'
import { segmentMemory } from './segment-memory.js'
import { clipSegments, type Segment } from './segments.js'

/*
 * struct lime_mem_range_header { u32 magic, u32 version, u64 s_addr, u64 e_addr, u8 reserved[8] }, little-endian, before
 * each range; e_addr is its last byte. LiME 1.9, src/lime.h.
 */
const MAGIC = 0x4c694d45
const VERSION = 1
const HEADER_BYTES = 32

/** Ranges of RAM are a few dozens; more than this is no dump that anything writes. */
const MAX_RANGES = 2 ** 20

/**
 * Opens a dump in the format of LiME (`format=lime`): each range of RAM behind a header with its addresses.
 *
 * @throws KhoError `unreadable` for a first header that makes no sense and for ranges that overlap, `unsupported` for a
 * version other than 1.
 */
export function openLime(source: ByteSource): Dump {
  const segments: Segment[] = []
  const faults: Fault[] = []
  for (let offset = 0; offset < source.size; ) {
    const header = source.read(offset, HEADER_BYTES)
    const problem = headerProblem(header)
    if (problem !== null) {
      if (offset === 0) throw new KhoError('unreadable', `damaged LiME dump: ${problem}`, { offset })
      const message = `the bytes from file offset ${hex(offset)} on are no LiME range: ${problem}`
      faults.push(fault('DUMP-SEGMENT', message))
      break
    }
    if (segments.length >= MAX_RANGES) {
      throw new KhoError('unsupported', `the dump has more than ${MAX_RANGES} ranges`, { offset })
    }
    const view = viewOf(header)
    const start = Number(view.getBigUint64(8, true))
    const end = Number(view.getBigUint64(16, true)) + 1
    segments.push({ start, end, offset: offset + HEADER_BYTES })
    offset += HEADER_BYTES + (end - start)
  }
  checkOverlaps(segments)
  const { present, truncated } = clipSegments(segments, source.size)
  if (truncated.length > 0) {
    const missing = truncated.reduce((sum, range) => sum + (range.end - range.start), 0)
    const message = `the file ends at ${hex(source.size)}: ${missing} bytes that its last range promises are not there`
    faults.push(fault('DUMP-TRUNCATED', message, truncated[0]!.start, null, 'truncated'))
  }
  const memory = segmentMemory(source, { present, truncated, ranges: mergeRanges(segments) })
  return { container: 'lime', memory, notes: [], vmcoreinfo: null, machine: null, elf: null, faults }
}

function headerProblem(header: Uint8Array): string | null {
  if (header.length < HEADER_BYTES) return `${header.length} bytes are too few for a header`
  const view = viewOf(header)
  const magic = view.getUint32(0, true)
  if (magic !== MAGIC) return `the magic is ${hex(magic)}, not ${hex(MAGIC)}`
  const version = view.getUint32(4, true)
  if (version !== VERSION) return `version ${version}; only version ${VERSION} exists`
  const start = view.getBigUint64(8, true)
  const end = view.getBigUint64(16, true)
  if (end < start || end >= BigInt(ADDRESS_LIMIT)) return `bad start and end ${hex(start)}, ${hex(end)}`
  return null
}

/** Two ranges with the same addresses: which one is right is not for a reader to guess. */
function checkOverlaps(segments: readonly Segment[]): void {
  const sorted = [...segments].sort((a, b) => a.start - b.start)
  sorted.forEach((segment, i) => {
    const before = sorted[i - 1]
    if (before === undefined || segment.start >= before.end) return
    const header = (range: Segment) =>
      `${hex(range.start)}-${hex(range.end)} (header at file offset ${hex(range.offset - HEADER_BYTES)})`
    throw new KhoError(
      'unreadable',
      `damaged LiME dump: the ranges ${header(before)} and ${header(segment)} overlap`,
      { address: segment.start, offset: segment.offset - HEADER_BYTES },
    )
  })
}
