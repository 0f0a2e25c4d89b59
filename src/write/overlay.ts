import type { Absent, Block, PhysicalMemory, Present } from '../../formats/memory/physical-memory.js'
import {
  mergeRanges,
  type Range,
  rangeIndex,
  rangesCover,
  rangesTouch,
  subtractRanges,
} from '../../formats/memory/range.js'

/** Bytes that take the place of what a memory holds. */
export interface Patch {
  address: number
  bytes: Uint8Array
}

/** A memory with some of its bytes replaced and some gone. */
export interface Overlay {
  memory: PhysicalMemory
  /** What there are bytes for, sorted, disjoint. */
  present: Range[]
}

/** Largest piece handed out at once in a pass over the memory. */
const PIECE = 2 ** 20

/**
 * Lays patches over a memory. Patches do not overlap; where one lies, `dropped` does not count. `present` is what the
 * memory has bytes for.
 */
export function overlayMemory(
  base: PhysicalMemory,
  present: readonly Range[],
  patches: readonly Patch[],
  dropped: readonly Range[],
): Overlay {
  const sorted = [...patches].sort((a, b) => a.address - b.address)
  const starts = sorted.map(({ address, bytes }) => ({ start: address, end: address + bytes.length }))
  const covered = mergeRanges(starts)
  const gone = subtractRanges(mergeRanges(dropped), covered)
  const held = mergeRanges([...subtractRanges(present, gone), ...covered])
  const ranges = mergeRanges([...base.ranges, ...covered])

  const absent = (address: number): Absent => ({
    ok: false,
    reason: rangesCover(ranges, address, address + 1) ? 'excluded' : 'outside',
    address,
  })

  /** A view where all of it is in one patch: what decodes a map keeps its pages. */
  const assemble = (phys: number, length: number): Present | Absent => {
    const one = rangeIndex(starts, phys)
    if (one >= 0 && phys + length <= starts[one]!.end) {
      const from = phys - starts[one]!.start
      return { ok: true, bytes: sorted[one]!.bytes.subarray(from, from + length), offset: null }
    }
    const bytes = new Uint8Array(length)
    const end = phys + length
    for (let at = phys; at < end; ) {
      const index = rangeIndex(starts, at)
      const range = starts[index]
      if (range !== undefined && at < range.end) {
        const stop = Math.min(end, range.end)
        bytes.set(sorted[index]!.bytes.subarray(at - range.start, stop - range.start), at - phys)
        at = stop
        continue
      }
      // Of what is gone, the range that has the address, or the next one.
      const before = rangeIndex(gone, at)
      if (before >= 0 && gone[before]!.end > at) return absent(at)
      const hole = gone[before + 1]
      const stop = Math.min(end, starts[index + 1]?.start ?? end, hole?.start ?? end)
      const read = base.read(at, stop - at)
      if (!read.ok) return read
      bytes.set(read.bytes, at - phys)
      at = stop
    }
    return { ok: true, bytes, offset: null }
  }

  return {
    present: held,
    memory: {
      ranges,
      inputSize: held.reduce((sum, { start, end }) => sum + end - start, 0),
      read(phys, length) {
        const touched = rangesTouch(covered, phys, phys + length) || rangesTouch(gone, phys, phys + length)
        if (touched) return assemble(phys, length)
        const read = base.read(phys, length)
        return read.ok ? { ...read, offset: null } : read
      },
      *blocks(): Generator<Block> {
        for (const { start, end } of held) {
          for (let at = start; at < end; at += PIECE) {
            const read = this.read(at, Math.min(PIECE, end - at))
            if (read.ok) yield { phys: at, bytes: read.bytes, offset: null }
          }
        }
      },
    },
  }
}
