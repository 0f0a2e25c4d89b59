import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { segmentMemory } from '../../../formats/dumps/segment-memory.js'
import { disjointSegments, type Segment } from '../../../formats/dumps/segments.js'
import { KhoError } from '../../../formats/error.js'
import { type ByteSource, bytesSource } from '../../../formats/memory/byte-source.js'
import { mergeRanges } from '../../../formats/memory/range.js'

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
