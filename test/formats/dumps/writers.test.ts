import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openElf } from '../../../formats/dumps/elf.js'
import { type ElfWriterOptions, type ElfWriterSegment, writeElf } from '../../../formats/dumps/elf-writer.js'
import { openRaw } from '../../../formats/dumps/raw.js'
import { writeRaw } from '../../../formats/dumps/raw-writer.js'
import type { Sink } from '../../../formats/dumps/sink.js'
import { type ByteSource, bytesSource } from '../../../formats/memory/byte-source.js'
import { thrown } from './elf-build.js'

/** A sink that checks the order of its calls and keeps a copy of the bytes. */
function collect(write: (sink: Sink) => number, holes = false): Uint8Array {
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  let end = 0
  const size = write((bytes, offset) => {
    if (holes ? offset < end : offset !== end) throw new Error(`bytes for ${offset} after ${end}`)
    end = offset + bytes.length
    pieces.push({ bytes: bytes.slice(), offset })
  })
  if (!holes) expect(end).toBe(size)
  const file = new Uint8Array(size)
  for (const { bytes, offset } of pieces) file.set(bytes, offset)
  return file
}

const elfFile = (segments: ElfWriterSegment[], options: ElfWriterOptions = {}) =>
  collect(sink => writeElf(segments, options, sink))

/** Disjoint segments with rising addresses, some aligned and some not. */
const layout = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 1, 0x10, 0x1000, 0x2_0000_0000),
      bytes: fc.uint8Array({ maxLength: 64 }),
      more: fc.constantFrom(0, 0, 1, 0x1000),
      streamed: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map(entries => {
    let phys = 0x1000
    return entries.map(({ gap, bytes, more, streamed }) => {
      phys += gap
      const segment = { phys, bytes, memsz: bytes.length + more, streamed }
      phys += segment.memsz
      return segment
    })
  })

describe('writeElf', () => {
  it('is read back as it was meant', () => {
    const notes = fc.array(
      fc.record({
        name: fc.constantFrom('CORE', 'QEMU', 'KHO', 'a'),
        type: fc.nat(0xffff_ffff),
        desc: fc.uint8Array({ minLength: 1, maxLength: 32 }),
      }),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(layout, notes, fc.constantFrom(62, 183), (list, noteList, machine) => {
        const segments = list.map(({ phys, bytes, memsz, streamed }) => {
          return { phys, memsz, content: streamed ? bytesSource(bytes) : bytes }
        })
        const file = elfFile(segments, { notes: noteList, machine })
        const dump = openElf(bytesSource(file))
        expect(dump.faults).toEqual([])
        expect(dump.elf).toMatchObject({ machine, loads: list.length })
        expect(dump.notes.map(({ name, type }) => ({ name, type }))).toEqual(
          noteList.map(({ name, type }) => ({ name, type })),
        )
        dump.notes.forEach((note, i) => {
          expect(file.subarray(note.offset, note.offset + note.length)).toEqual(noteList[i]?.desc)
        })
        for (const { phys, bytes, memsz } of list) {
          const read = dump.memory.read(phys, bytes.length)
          expect(read.ok && Buffer.compare(read.bytes, bytes)).toBe(0)
          if (read.ok && bytes.length > 0 && read.offset !== null)
            expect(read.offset % 4096).toBe(phys % 4096)
          if (memsz > bytes.length) {
            const address = phys + bytes.length
            expect(dump.memory.read(address, 1)).toEqual({ ok: false, reason: 'excluded', address })
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('keeps the text of a VMCOREINFO note', () => {
    const desc = new TextEncoder().encode('OSRELEASE=7.2.13\n')
    const segments = [{ phys: 0, content: new Uint8Array(8) }]
    const file = elfFile(segments, { notes: [{ name: 'VMCOREINFO', type: 0, desc }] })
    expect(openElf(bytesSource(file)).vmcoreinfo).toBe('OSRELEASE=7.2.13\n')
  })

  it.each([65_534, 65_535, 70_000])('writes %i segments', count => {
    const segments = Array.from({ length: count }, (_, i) => ({ phys: i * 8192, content: Uint8Array.of(i) }))
    const file = elfFile(segments)
    const view = new DataView(file.buffer)
    expect(view.getUint16(56, true)).toBe(Math.min(count, 65_535))
    expect(Number(view.getBigUint64(40, true))).toBe(count < 65_535 ? 0 : 64)
    const dump = openElf(bytesSource(file))
    expect(dump.elf?.loads).toBe(count)
    const last = dump.memory.read((count - 1) * 8192, 1)
    expect(last.ok && last.bytes[0]).toBe((count - 1) % 256)
  })

  it('streams a source in pieces', () => {
    const lengths: number[] = []
    const source: ByteSource = {
      size: 2 ** 20 * 2 + 5,
      read(offset, length) {
        lengths.push(length)
        return new Uint8Array(length).fill(1 + offset / 2 ** 20)
      },
    }
    const file = elfFile([{ phys: 0x1000, content: source }])
    expect(lengths).toEqual([2 ** 20, 2 ** 20, 5])
    expect([file[4096], file[4096 + 2 ** 20], file[file.length - 1]]).toEqual([1, 2, 3])
  })

  it('refuses what is no segment, and a source that falls short', () => {
    const content = new Uint8Array(16)
    const write = (segment: ElfWriterSegment) => thrown(() => elfFile([segment]))
    expect(write({ phys: -1, content })).toMatchObject({ code: 'usage' })
    expect(write({ phys: 0, content, memsz: 15 })).toMatchObject({ code: 'usage' })
    expect(write({ phys: 2 ** 52 - 8, content })).toMatchObject({ code: 'usage' })
    const short: ByteSource = { size: 100, read: () => new Uint8Array(3) }
    expect(write({ phys: 0, content: short })).toMatchObject({ code: 'unreadable' })
  })
})

describe('writeRaw', () => {
  it('is read back as it was meant', () => {
    const near = layout.map(list => list.map(entry => ({ ...entry, phys: entry.phys % 2 ** 32 })))
    fc.assert(
      fc.property(near, fc.boolean(), fc.constantFrom(0, 0x800), (list, skip, base) => {
        const segments = list
          .filter((entry, i) => i === 0 || entry.phys > list[i - 1]!.phys)
          .map(({ phys, bytes, streamed }) => ({
            phys,
            content: streamed ? bytesSource(bytes) : bytes,
            bytes,
          }))
        const disjoint = segments.every(
          (entry, i) => i === 0 || entry.phys >= segments[i - 1]!.phys + segments[i - 1]!.bytes.length,
        )
        fc.pre(disjoint)
        const end = Math.max(
          base,
          ...segments.filter(s => s.bytes.length > 0).map(s => s.phys + s.bytes.length),
        )
        const options = { base, end: end + 7, holes: skip ? ('skip' as const) : ('zero' as const) }
        let holes = -1
        const file = collect(sink => {
          const written = writeRaw([...segments].reverse(), options, sink)
          holes = written.holes
          return written.size
        }, skip)
        expect(file).toHaveLength(end + 7 - base)
        expect(holes).toBe(file.length - segments.reduce((sum, { bytes }) => sum + bytes.length, 0))
        const { memory } = openRaw(bytesSource(file), { base })
        for (const { phys, bytes } of segments) {
          const read = memory.read(phys, bytes.length)
          expect(read.ok && Buffer.compare(read.bytes, bytes)).toBe(0)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('fills what no segment has with zeros, in pieces', () => {
    const sizes: number[] = []
    const sink: Sink = bytes => {
      sizes.push(bytes.length)
    }
    const content = Uint8Array.of(9, 9)
    expect(writeRaw([{ phys: 2 ** 20 * 2 + 3, content }], {}, sink)).toEqual({
      size: 2 ** 20 * 2 + 5,
      holes: 2 ** 20 * 2 + 3,
    })
    expect(sizes).toEqual([2 ** 20, 2 ** 20, 3, 2])
  })

  it('leaves holes of any size to a sink that skips', () => {
    const calls: [number, number][] = []
    const content = Uint8Array.of(1)
    const segments = [
      { phys: 2 ** 50, content },
      { phys: 0, content },
    ]
    const written = writeRaw(segments, { holes: 'skip' }, (bytes, offset) =>
      calls.push([offset, bytes.length]),
    )
    expect(written).toEqual({ size: 2 ** 50 + 1, holes: 2 ** 50 - 1 })
    expect(calls).toEqual([
      [0, 1],
      [2 ** 50, 1],
    ])
  })

  it('refuses what a raw file cannot hold', () => {
    const content = new Uint8Array(16)
    const write = (phys: number[], options = {}) => {
      return thrown(() =>
        writeRaw(
          phys.map(p => ({ phys: p, content })),
          options,
          () => {},
        ),
      )
    }
    expect(write([0, 15])).toMatchObject({ code: 'usage', message: 'the segment at 0xf overlaps another' })
    expect(write([0], { base: 0x1000 })).toMatchObject({ code: 'usage', place: { address: 0 } })
    expect(write([0], { end: 15 })).toMatchObject({ code: 'usage' })
    expect(write([2 ** 52 - 8])).toMatchObject({ code: 'usage' })
  })
})
