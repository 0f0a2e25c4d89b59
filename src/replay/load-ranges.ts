import { KhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { mergeRanges, type Range } from '../../formats/memory/range.js'
import { withoutRanges } from './free-ranges.js'

const PAGE = 4096

/** QEMU counts the parts of an ELF file in 16 bits, and keeps each part on a list that it searches. */
const MOST_PARTS = 4096

/**
 * The memory that a dump has and that is worth loading: pages that are not all zero, outside `closed`. Small gaps
 * are closed up where there are too many parts: a fresh guest has zeros there anyway.
 */
export function rangesToLoad(memory: PhysicalMemory, closed: readonly Range[]): Range[] {
  const ranges: Range[] = []
  for (const { phys, bytes } of memory.blocks('written')) {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + PAGE - ((phys + at) % PAGE))
      if (hasContent(bytes, at, end)) append(ranges, phys + at, phys + end)
      at = end
    }
  }
  return closeGaps(withoutRanges(ranges, closed), closed)
}

function append(ranges: Range[], start: number, end: number): void {
  const last = ranges[ranges.length - 1]
  if (last !== undefined && last.end === start) last.end = end
  else ranges.push({ start, end })
}

const ZEROS = Buffer.alloc(PAGE)

function hasContent(bytes: Uint8Array, from: number, to: number): boolean {
  return ZEROS.compare(bytes, from, to, 0, to - from) !== 0
}

function closeGaps(ranges: Range[], closed: readonly Range[]): Range[] {
  let parts = ranges
  for (let gap = PAGE; parts.length > MOST_PARTS && gap < 2 ** 40; gap *= 2) {
    const widened = parts.map(({ start, end }, n) => {
      const next = parts[n + 1]
      return { start, end: next !== undefined && next.start - end <= gap ? next.start : end }
    })
    parts = withoutRanges(mergeRanges(widened), closed)
  }
  return parts
}

/** A range of a dump as a source of bytes; what the dump lacks is zero, as in a fresh guest. */
export function rangeSource(memory: PhysicalMemory, { start, end }: Range): ByteSource {
  return {
    size: end - start,
    read(offset, length) {
      if (offset < 0 || length < 0) throw new KhoError('usage', `read of ${length} bytes at offset ${offset}`)
      const count = Math.max(0, Math.min(length, end - start - offset))
      const whole = memory.read(start + offset, count)
      if (whole.ok) return whole.bytes
      const bytes = new Uint8Array(count)
      for (let at = 0; at < count; ) {
        const piece = Math.min(count - at, PAGE - ((start + offset + at) % PAGE))
        const read = memory.read(start + offset + at, piece)
        if (read.ok) bytes.set(read.bytes, at)
        at += piece
      }
      return bytes
    },
  }
}
