import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type TrackerFormat, trackerOf } from '../../../formats/trackers/index.js'
import type { TrackerOptions } from '../../../formats/trackers/place.js'
import type { TrackerDecode, TrackerReading, TrackerStep } from '../../../formats/trackers/tracker.js'

/** Pages of 4K. */
export const GEO = geometry(12)

/** A u64 and where it stands. */
export type Word = readonly [address: number, value: number | bigint]

/** End of the RAM that {@link memoryOf} gives: what lies above is `outside`. */
export const RAM_END = 2 ** 32

/** Memory in which some u64s were put down by hand, each in a page of zeros; all other pages of RAM were left out. */
export function memoryOf(words: readonly Word[], pageShift: PageShift = 12): PhysicalMemory {
  const size = 2 ** pageShift
  const builder = createMemoryBuilder({
    geometry: geometry(pageShift),
    ram: [{ start: 0, end: RAM_END }],
  })
  for (const [address, value] of words) {
    const page = address - (address % size)
    viewOf(builder.place(page, 1).bytes).setBigUint64(address - page, BigInt(value), true)
  }
  return builder.memory()
}

/** What a decoder noticed, without the words for it: code, address, path, and why bytes are not there. */
export function noticed({ faults, badPointers, absentNodes }: TrackerDecode) {
  return {
    faults: faults.map(({ code, address, path, absent }) => [
      code,
      address,
      path?.replace('tracker/nodes/', '@') ?? null,
      ...(absent === undefined ? [] : [absent]),
    ]),
    bad: badPointers,
    absent: absentNodes,
  }
}

/** The nodes of a tracker as rows. */
export function rows({ nodes }: TrackerDecode) {
  return nodes.map(({ address, kind, level, order, start, size }) => [
    address,
    kind,
    level,
    order,
    start,
    size,
  ])
}

/** What a decoder makes of words put down by hand, as the other members of a tracker take it. */
export function reading(
  format: TrackerFormat,
  words: readonly Word[],
  options: Partial<TrackerOptions> = {},
  root = [0x10000],
) {
  const all = { geometry: GEO, ...options }
  const memory = memoryOf(words, all.geometry.pageShift)
  const decode = trackerOf(format).decode(memory, { addresses: root }, all)
  return { memory, root: { addresses: root }, options: all, decode }
}

/** Each node with what it covers and what its bytes are, structures by name. */
export function shown(format: TrackerFormat, from: TrackerReading) {
  const tracker = trackerOf(format)
  return from.decode.nodes.map(node => {
    const coverage = tracker.coverage(from, node)
    const pieces = tracker
      .pieces(from, node)
      .map(piece => ('struct' in piece ? { ...piece, struct: piece.struct.name } : piece))
    const { range = null, unit = null, used = null, of = null, order = null } = coverage ?? {}
    return { at: node.address, order, range: range && [range.start, range.end], unit, used, of, pieces }
  })
}

/** A way down as rows of node, slot, bit. */
export const way = (steps: TrackerStep[]) =>
  steps.map(({ node, slot, bit }) => [node.replace('tracker/nodes/', '@'), slot, bit])
