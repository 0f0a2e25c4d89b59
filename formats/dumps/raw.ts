import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { fault, hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { mergeRanges } from '../memory/range.js'
import type { Dump } from './dump.js'
import { segmentMemory } from './segment-memory.js'
import { clipSegments, type Segment } from './segments.js'

/** One piece of a raw file: `length` bytes at file offset `offset` are the memory at `phys`. */
export interface RawMapping {
  phys: number
  offset: number
  length: number
}

/** Which physical address a byte of a raw file has; at most one of the three. None: address = file offset. */
export interface RawOptions {
  /** Physical address of the file's first byte. */
  base?: number
  /** The pieces of the file that are memory; the rest is ignored. */
  map?: readonly RawMapping[]
  /** Bytes below this file offset have it as their address, the rest continues at 4 GiB (QEMU's memory files). */
  lowMemory?: number
}

/** Where QEMU's machines continue RAM that does not fit below the PCI hole (hw/i386/pc_q35.c). */
const FOUR_GIB = 2 ** 32

/**
 * Opens a file without any header.
 *
 * @throws KhoError `usage` when the options contradict each other or lead out of the address space.
 */
export function openRaw(source: ByteSource, options: RawOptions = {}): Dump {
  const wanted = rawSegments(source.size, options)
  const { present, truncated } = clipSegments(wanted, source.size)
  const missing = truncated.reduce((sum, range) => sum + (range.end - range.start), 0)
  const faults =
    missing === 0
      ? []
      : [
          fault(
            'DUMP-TRUNCATED',
            `the map names ${missing} bytes beyond the end of the file (${source.size} bytes)`,
            truncated[0]!.start,
            null,
            'truncated',
          ),
        ]
  const memory = segmentMemory(source, { present, truncated, ranges: mergeRanges(wanted) })
  return { container: 'raw', memory, notes: [], vmcoreinfo: null, machine: null, elf: null, faults }
}

function rawSegments(size: number, options: RawOptions): Segment[] {
  const { base, map, lowMemory } = options
  if ([base, map, lowMemory].filter(option => option !== undefined).length > 1) {
    throw new KhoError('usage', 'a base, a map and a low-memory size exclude each other: give one of them')
  }
  if (map !== undefined) return mappedSegments(map)
  if (lowMemory !== undefined) {
    checkNumber('low-memory size', lowMemory)
    if (lowMemory > FOUR_GIB) {
      throw new KhoError('usage', `low memory of ${hex(lowMemory)} bytes does not fit below 4 GiB`)
    }
    const low = Math.min(lowMemory, size)
    return [segment(0, 0, low), segment(FOUR_GIB, low, size - low)]
  }
  checkNumber('base', base ?? 0)
  return [segment(base ?? 0, 0, size)]
}

function mappedSegments(map: readonly RawMapping[]): Segment[] {
  if (map.length === 0) throw new KhoError('usage', 'the map of a raw file is empty')
  const segments = map.map(({ phys, offset, length }) => {
    checkNumber('address in the map', phys)
    checkNumber('offset in the map', offset)
    checkNumber('length in the map', length)
    if (length === 0) throw new KhoError('usage', `the map has an entry of 0 bytes at ${hex(phys)}`)
    return segment(phys, offset, length)
  })
  const sorted = [...segments].sort((a, b) => a.start - b.start)
  sorted.forEach((entry, i) => {
    if (i > 0 && entry.start < sorted[i - 1]!.end) {
      throw new KhoError('usage', `two entries of the map overlap at ${hex(entry.start)}`)
    }
  })
  return segments
}

function segment(phys: number, offset: number, length: number): Segment {
  if (phys + length > ADDRESS_LIMIT) {
    throw new KhoError('usage', `${length} bytes at ${hex(phys)} lead beyond the largest physical address`)
  }
  return { start: phys, end: phys + length, offset }
}

function checkNumber(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new KhoError('usage', `${what}: ${value} is no non-negative whole number`)
  }
}
