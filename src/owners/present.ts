import { mergeRanges, type PhysicalMemory, type Range } from '../../formats/memory/physical-memory.js'

/** All memory that a dump has bytes for: one pass over it. For what claims to be far larger than the dump. */
export function presentRanges(memory: PhysicalMemory): Range[] {
  const ranges: Range[] = []
  for (const { phys, bytes } of memory.blocks()) {
    const last = ranges.at(-1)
    if (last !== undefined && last.end === phys) last.end += bytes.length
    else ranges.push({ start: phys, end: phys + bytes.length })
  }
  return mergeRanges(ranges)
}
