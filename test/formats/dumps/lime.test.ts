import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openLime } from '../../../formats/dumps/lime.js'
import { isKhoError } from '../../../formats/error.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { thrown } from './elf-build.js'
import { words } from './kdump-build.js'

/** A LiME dump from lines "START LENGTH FILL"; `edit` changes the header of the last range. */
function buildLime(text: string): Uint8Array {
  const parts = text
    .trim()
    .split('\n')
    .map(line => line.trim().split(' ').map(Number))
    .flatMap(([start, length, fill]) => [
      words([0x4c694d45, 4], [1, 4], [start!, 8], [start! + length! - 1, 8], [0, 8]),
      new Uint8Array(length!).fill(fill!),
    ])
  return new Uint8Array(Buffer.concat(parts))
}

const open = (bytes: Uint8Array) => openLime(bytesSource(bytes))
const GOOD = '0x1000 0x2000 1\n0x100000 0x1000 2\n0x8000 0x800 3'

describe('LiME', () => {
  it('gives ranges in any order, with their holes', () => {
    const { memory, faults, container } = open(buildLime(GOOD))
    expect(container).toBe('lime')
    expect(faults).toEqual([])
    expect(memory.ranges).toEqual([
      { start: 0x1000, end: 0x3000 },
      { start: 0x8000, end: 0x8800 },
      { start: 0x100000, end: 0x101000 },
    ])
    expect(memory.read(0x2fff, 1)).toMatchObject({ ok: true, bytes: Uint8Array.of(1), offset: 32 + 0x1fff })
    expect(memory.read(0x87ff, 1)).toMatchObject({ ok: true, bytes: Uint8Array.of(3) })
    expect(memory.read(0x2fff, 2)).toEqual({ ok: false, reason: 'outside', address: 0x3000 })
    expect([...memory.blocks()].map(block => block.phys)).toEqual([0x1000, 0x100000, 0x8000])
  })

  it('ranges that touch are one memory', () => {
    const { memory } = open(buildLime('0x1000 0x1000 1\n0x2000 0x1000 2'))
    const read = memory.read(0x1ffe, 4)
    expect(read.ok && [...read.bytes]).toEqual([1, 1, 2, 2])
  })

  it('refuses ranges that overlap, and says where both headers are', () => {
    expect(thrown(() => open(buildLime('0x1000 0x2000 1\n0x8000 0x100 2\n0x2fff 0x100 3')))).toMatchObject({
      code: 'unreadable',
      message:
        'damaged LiME dump: the ranges 0x1000-0x3000 (header at file offset 0x0) and 0x2fff-0x30ff (header at file offset 0x2140) overlap',
    })
  })

  it('has ranges that end where the largest address does, and begin where they end', () => {
    const header = (start: bigint, end: bigint) =>
      words([0x4c694d45, 4], [1, 4], [start, 8], [end, 8], [0, 8])
    const last = open(Buffer.concat([header(2n ** 52n - 2n, 2n ** 52n - 1n), Buffer.of(7, 8)]))
    expect(last.memory.ranges).toEqual([{ start: 2 ** 52 - 2, end: 2 ** 52 }])
    expect(open(Buffer.concat([header(5n, 5n), Buffer.of(7)])).memory.ranges).toEqual([{ start: 5, end: 6 }])
    for (const [start, end] of [
      [5n, 4n],
      [5n, 2n ** 52n],
      [2n ** 60n, 2n ** 60n],
    ] as const)
      expect(thrown(() => open(header(start, end)))).toMatchObject({
        code: 'unreadable',
        message: `damaged LiME dump: bad start and end 0x${start.toString(16)}, 0x${end.toString(16)}`,
        place: { offset: 0 },
      })
  })

  it('says where its ranges end making sense, and how much of the last is not there', () => {
    const faults = (bytes: Uint8Array) => open(bytes).faults.map(({ message, address }) => [message, address])
    const good = buildLime('0x1000 0x10 1')
    expect(faults(Buffer.concat([good, Buffer.alloc(31)]))).toEqual([
      ['the bytes from file offset 0x30 on are no LiME range: 31 bytes are too few for a header', null],
    ])
    expect(faults(Buffer.concat([good, Buffer.alloc(32)]))).toEqual([
      [expect.stringContaining('from file offset 0x30 on are no LiME range: the magic is 0x0'), null],
    ])
    const other = good.slice()
    other[4] = 2
    expect(faults(Buffer.concat([good, other]))).toEqual([
      [expect.stringContaining('version 2; only version 1 exists'), null],
    ])
    expect(faults(Buffer.concat([good, buildLime('0x8000 0x100 2')]).subarray(0, 0x30 + 32 + 0x40))).toEqual([
      ['the file ends at 0x90: 192 bytes that its last range promises are not there', 0x8040],
    ])
    // A header and nothing behind it.
    expect(faults(good.subarray(0, 32))).toEqual([
      ['the file ends at 0x20: 16 bytes that its last range promises are not there', 0x1000],
    ])
  })

  it('says of ranges that overlap where the second lies', () => {
    expect(thrown(() => open(buildLime('0x1000 0x10 1\n0x100f 0x10 2')))).toMatchObject({
      place: { address: 0x100f, offset: 0x30 },
    })
    expect(open(buildLime('0x1010 0x10 1\n0x1000 0x10 2')).memory.ranges).toEqual([
      { start: 0x1000, end: 0x1020 },
    ])
  })

  it('a last range that is cut short is truncated, not zero', () => {
    const bytes = buildLime(GOOD)
    const { memory, faults } = open(bytes.subarray(0, bytes.length - 0x300))
    expect(faults.map(fault => fault.code)).toEqual(['DUMP-TRUNCATED'])
    expect(memory.read(0x84ff, 2)).toEqual({ ok: false, reason: 'truncated', address: 0x8500 })
  })

  it('what follows the last range is said', () => {
    const bytes = Buffer.concat([buildLime(GOOD), new Uint8Array(100)])
    const { memory, faults } = open(new Uint8Array(bytes))
    expect(memory.ranges).toHaveLength(3)
    expect(faults.map(fault => fault.message)).toEqual([
      'the bytes from file offset 0x3860 on are no LiME range: the magic is 0x0, not 0x4c694d45',
    ])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['too short', words([0x4c694d45, 4]), /4 bytes are too few/],
    ['of version 2', words([0x4c694d45, 4], [2, 4], [0, 8], [9, 8], [0, 8]), /version 2/],
    [
      'that ends before it starts',
      words([0x4c694d45, 4], [1, 4], [10, 8], [9, 8], [0, 8]),
      /bad start and end 0xa, 0x9/,
    ],
    [
      'beyond all addresses',
      words([0x4c694d45, 4], [1, 4], [0, 8], [2n ** 60n, 8], [0, 8]),
      /bad start and end/,
    ],
  ])('a first header %s is refused', (_, bytes, message) => {
    expect(thrown(() => open(bytes))).toMatchObject({
      code: 'unreadable',
      message: expect.stringMatching(message),
    })
  })

  it('damaged headers give an error or a memory that can be read', () => {
    const good = buildLime(GOOD)
    const edits = fc.array(fc.tuple(fc.constantFrom(0, 0x2020, 0x3040), fc.nat(31), fc.nat(255)), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(edits, fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, Math.max(1, length))
        for (const [header, at, value] of changes) bytes[header + at] = value
        try {
          const { memory } = open(bytes)
          for (const { start, end } of memory.ranges) memory.read(start, Math.min(end - start, 5000))
          for (const block of memory.blocks()) expect(block.bytes.length).toBeGreaterThan(0)
        } catch (error) {
          expect(isKhoError(error) && error.code).toBe('unreadable')
        }
      }),
      { numRuns: 500 },
    )
  })
})
