import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { segmentMemory } from '../../../formats/dumps/segment-memory.js'
import { disjointSegments, type Segment } from '../../../formats/dumps/segments.js'
import { KhoError } from '../../../formats/error.js'
import { type ByteSource, bytesSource } from '../../../formats/memory/byte-source.js'
import type { Block } from '../../../formats/memory/physical-memory.js'
import { mergeRanges, type Range } from '../../../formats/memory/range.js'

const segments = fc.array(
  fc
    .record({ start: fc.nat(200), length: fc.integer({ min: 0, max: 60 }), offset: fc.nat(400) })
    .map(({ start, length, offset }): Segment => ({ start, end: start + length, offset })),
  { maxLength: 12 },
)

/** The definition, address by address. */
function offsetAt(list: readonly Segment[], address: number): number | null {
  const segment = list.find(({ start, end }) => address >= start && address < end)
  return segment === undefined ? null : segment.offset + address - segment.start
}

describe('disjointSegments', () => {
  it('gives every address the place that the first segment gives it', () => {
    fc.assert(
      fc.property(segments, list => {
        const pieces = disjointSegments(list)
        for (let address = 0; address < 262; address++) {
          expect(offsetAt(pieces, address)).toBe(offsetAt(list, address))
        }
        pieces.forEach((piece, i) => {
          expect(piece.end).toBeGreaterThan(piece.start)
          if (i > 0) expect(piece.start).toBeGreaterThanOrEqual(pieces[i - 1]!.end)
        })
      }),
      { numRuns: 500 },
    )
  })

  it('takes time that does not grow with the square of the overlaps', () => {
    const nested = Array.from(
      { length: 50_000 },
      (_, i): Segment => ({ start: i, end: 200_000 - i, offset: i * 7 }),
    )
    const pieces = disjointSegments(nested)
    expect(pieces).toEqual([{ start: 0, end: 200_000, offset: 0 }])
    const reversed = disjointSegments(nested.reverse())
    expect(reversed).toHaveLength(99_999)
  })
})

describe('segmentMemory', () => {
  it('reads what the segments say, and yields every present byte once', () => {
    const file = Uint8Array.from({ length: 460 }, (_, i) => i % 256)
    fc.assert(
      fc.property(segments, fc.nat(260), fc.integer({ min: 1, max: 40 }), (list, phys, length) => {
        const ranges = mergeRanges(list)
        const memory = segmentMemory(bytesSource(file), { present: list, truncated: [], ranges })
        const offsets = Array.from({ length }, (_, i) => offsetAt(list, phys + i))
        const hole = offsets.indexOf(null)
        const read = memory.read(phys, length)
        if (hole >= 0) {
          expect(read).toEqual({ ok: false, reason: 'outside', address: phys + hole })
        } else {
          expect(read.ok && [...read.bytes]).toEqual(offsets.map(offset => (offset as number) % 256))
        }
        const seen = new Map<number, number>()
        let last = -1
        for (const block of memory.blocks()) {
          expect(block.offset).toBeGreaterThanOrEqual(last)
          last = block.offset as number
          block.bytes.forEach((byte, i) => {
            expect(seen.has(block.phys + i)).toBe(false)
            seen.set(block.phys + i, byte)
          })
        }
        for (let address = 0; address < 262; address++) {
          const offset = offsetAt(list, address)
          expect(seen.get(address) ?? null).toBe(offset === null ? null : offset % 256)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('answers a failing disk with a reason, and a file that shrank', () => {
    const source: ByteSource = {
      size: 0x3000,
      read(offset, length) {
        if (offset >= 0x2000) throw new KhoError('unreadable', 'the device reports a read error')
        return new Uint8Array(offset >= 0x1000 ? 16 : length)
      },
    }
    const present = [0, 1, 2].map(i => ({
      start: i * 0x10000,
      end: i * 0x10000 + 0x1000,
      offset: i * 0x1000,
    }))
    const memory = segmentMemory(source, { present, truncated: [], ranges: mergeRanges(present) })
    expect(memory.read(0, 64).ok).toBe(true)
    expect(memory.read(0x10000, 64)).toEqual({ ok: false, reason: 'truncated', address: 0x10010 })
    expect(memory.read(0x20000, 64)).toEqual({ ok: false, reason: 'unreadable', address: 0x20000 })
    expect([...memory.blocks()].map(({ phys }) => phys)).toEqual([0])
  })

  it('refuses what is no address', () => {
    const memory = segmentMemory(bytesSource(new Uint8Array(8)), { present: [], truncated: [], ranges: [] })
    for (const [phys, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [Number.NaN, 1],
      [2 ** 53, 1],
    ] as const) {
      expect(() => memory.read(phys, length)).toThrow(KhoError)
    }
    expect(memory.read(5, 0)).toMatchObject({ ok: true })
  })
})

describe('a pass over segments of a file', () => {
  const PAGE = 4096
  const BLOCK = 2 ** 18
  const all = Uint8Array.from({ length: 2 ** 21 }, (_, n) => (n * 31) >> 3)
  const source = (written?: readonly Range[] | null): ByteSource => ({
    size: all.length,
    read: (offset, length) => all.subarray(offset, offset + length),
    ...(written === undefined ? {} : { written: () => written }),
  })
  const memoryOf = (present: Segment[], written?: readonly Range[] | null) =>
    segmentMemory(source(written), { present, truncated: [], ranges: mergeRanges(present) })
  type Seen = [phys: number, length: number, offset: number | null]
  const blocksOf = (blocks: Iterable<Block>): Seen[] =>
    [...blocks].map(({ phys, bytes, offset }) => [phys, bytes.length, offset])

  /** Segments apart from one another in memory and in the file, of any length and alignment. */
  const length = fc.oneof(
    fc.integer({ min: 1, max: 3 * PAGE }),
    fc.integer({ min: BLOCK - 20, max: 3 * BLOCK }),
  )
  const layout = fc
    .array(fc.tuple(length, fc.constantFrom(0, 1, 100, PAGE), fc.constantFrom(1, 8, PAGE, 5000)), {
      minLength: 1,
      maxLength: 4,
    })
    .map(list => {
      let [offset, phys] = [0, 2 ** 30]
      const made = list.flatMap(([size, gap, hole]): Segment[] => {
        offset += gap
        phys += hole
        const segment = { start: phys, end: phys + size, offset }
        offset += size
        phys += size
        return segment.offset + size <= all.length ? [segment] : []
      })
      return made
    })
  const writtenRanges = fc
    .array(fc.tuple(fc.nat(2 ** 21), fc.oneof(fc.nat(PAGE), fc.nat(2 ** 20))), { maxLength: 4 })
    .map(list => mergeRanges(list.map(([start, size]) => ({ start, end: start + size }))))

  it('goes by file offset, in blocks that end at pages and are no longer than 256 KiB', () => {
    fc.assert(
      fc.property(layout, fc.boolean(), (segments, backwards) => {
        const memory = memoryOf(backwards ? [...segments].reverse() : segments)
        const seen = blocksOf(memory.blocks())
        const expected: Seen[] = segments.flatMap(({ start, end, offset }) => {
          const pieces: Seen[] = []
          for (let at = start; at < end; ) {
            const to = Math.min(end, at + BLOCK - (at % PAGE))
            pieces.push([at, to - at, offset + at - start])
            at = to
          }
          return pieces
        })
        expect(seen).toEqual(expected)
        expect(memory.writtenBytes!()).toBeNull()
        expect(blocksOf(memory.blocks('written'))).toEqual(seen)
        const total = segments.reduce((sum, { start, end }) => sum + end - start, 0)
        expect(memory.present!()).toEqual(mergeRanges(segments))
        expect(seen.reduce((sum, [, size]) => sum + size, 0)).toBe(total)
      }),
      { numRuns: 60 },
    )
  })

  it('has of files with holes what was written to them', () => {
    fc.assert(
      fc.property(layout, writtenRanges, (segments, written) => {
        const memory = memoryOf(segments, written)
        const parts = segments.flatMap(({ start, end, offset }) =>
          written.flatMap(range => {
            const [from, to] = [Math.max(range.start, offset), Math.min(range.end, offset + end - start)]
            return from < to ? [{ start: start + from - offset, end: start + to - offset, offset: from }] : []
          }),
        )
        expect(memory.writtenBytes!()).toBe(parts.reduce((sum, { start, end }) => sum + end - start, 0))
        const seen = blocksOf(memory.blocks('written'))
        expect(mergeRanges(seen.map(([phys, size]) => ({ start: phys, end: phys + size })))).toEqual(
          mergeRanges(parts),
        )
        for (const [phys, size, offset] of seen) {
          const part = parts.find(({ start, end }) => phys >= start && phys + size <= end)!
          expect(offset).toBe(part.offset + phys - part.start)
        }
        expect(blocksOf(memory.blocks())).toEqual(blocksOf(memoryOf(segments).blocks()))
      }),
      { numRuns: 60 },
    )
  })

  it('is cut into parts that give the blocks of the whole, in turn', () => {
    const sizes = fc.constantFrom(1, PAGE, BLOCK, BLOCK + 1, 2 * BLOCK, 2 ** 30)
    fc.assert(
      fc.property(layout, fc.option(writtenRanges), sizes, (segments, written, bytes) => {
        const memory = memoryOf(segments, written)
        const whole = blocksOf(memory.blocks('written'))
        const total = whole.reduce((sum, [, size]) => sum + size, 0)
        const cuts = [...memory.parts!.cuts(bytes)]
        expect([cuts[0], cuts.at(-1)]).toEqual([0, total])
        // A part begins with the first block that is so many bytes behind the beginning of the one before.
        const starts = [0]
        let at = 0
        for (const [, size] of whole) {
          if (at > 0 && at >= starts.at(-1)! + bytes) starts.push(at)
          at += size
        }
        expect(cuts.slice(0, -1)).toEqual(starts)
        const parts = starts.map((start, n) => blocksOf(memory.parts!.pass(start, cuts[n + 1]!).blocks()))
        expect(parts.flat()).toEqual(whole)
        expect(
          parts.every((part, n) => part.reduce((sum, [, size]) => sum + size, 0) === cuts[n + 1]! - cuts[n]!),
        ).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('stops at no place that cannot be read, unless the fault is ours', () => {
    const failing = (code: 'unreadable' | 'usage') => {
      const bad: ByteSource = {
        size: all.length,
        read: (offset, length) => {
          if (offset === BLOCK) throw new KhoError(code, 'no')
          return all.subarray(offset, offset + length)
        },
      }
      const present = [{ start: 0, end: 3 * BLOCK, offset: 0 }]
      return segmentMemory(bad, { present, truncated: [], ranges: present })
    }
    expect(blocksOf(failing('unreadable').blocks()).map(([phys]) => phys)).toEqual([0, 2 * BLOCK])
    expect(failing('unreadable').read(BLOCK, 8)).toEqual({ ok: false, reason: 'unreadable', address: BLOCK })
    expect(() => blocksOf(failing('usage').blocks())).toThrow('no')
  })
})
