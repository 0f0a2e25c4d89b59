import type { ElfWriterSegment } from '../../formats/dumps/index.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { mergeRanges, type Range } from '../../formats/memory/range.js'

/**
 * Segments of an ELF core that holds some of a memory: one for each range that has bytes, and as the rest of it, which
 * the file does not have, the RAM up to the next one. RAM before the first is a segment of its own.
 */
export function layOutElf(
  present: readonly Range[],
  ram: readonly Range[],
  sourceOf: (range: Range) => ByteSource,
): ElfWriterSegment[] {
  const placed: { start: number; filled: number; end: number }[] = []
  const leave = (start: number, end: number) => {
    const last = placed.at(-1)
    if (last !== undefined && last.end === start) last.end = end
    else placed.push({ start, filled: start, end })
  }
  let next = 0
  for (const { start, end } of mergeRanges([...ram, ...present])) {
    let at = start
    for (; next < present.length && present[next]!.start < end; next++) {
      const range = present[next]!
      if (range.start > at) leave(at, range.start)
      placed.push({ start: range.start, filled: range.end, end: range.end })
      at = range.end
    }
    if (at < end) leave(at, end)
  }
  return placed.map(({ start, filled, end }) => ({
    phys: start,
    content: sourceOf({ start, end: filled }),
    memsz: end - start,
  }))
}

/** The bytes of a range, read when they are asked for. */
export function memorySource(memory: PhysicalMemory, { start, end }: Range): ByteSource {
  return {
    size: end - start,
    read(offset, length) {
      const read = memory.read(start + offset, length)
      return read.ok ? read.bytes : new Uint8Array(0)
    },
  }
}

/** A container that does not name the machine must not become one that does: it would decide the page size. */
export function elfMachineOf(elf: number | null, name: string | null): number {
  if (elf !== null) return elf
  return { x86_64: 62, aarch64: 183 }[name ?? ''] ?? 0
}
