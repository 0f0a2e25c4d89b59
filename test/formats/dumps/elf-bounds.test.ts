import { describe, expect, it } from 'vitest'
import { openElf } from '../../../formats/dumps/elf.js'
import { readNotes, readVmcoreinfo } from '../../../formats/dumps/elf-notes.js'
import { writeElf } from '../../../formats/dumps/elf-writer.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'
import { buildElf, type RawElf, type RawProgram, thrown } from './elf-build.js'

const open = (elf: RawElf) => openElf(bytesSource(buildElf(elf)))
const LOAD: RawProgram = { offset: 0x200n, paddr: 0x1000n, filesz: 0x100n }

describe('the header of an ELF core', () => {
  const edited = (at: number, value: number, length?: number) => {
    const bytes = buildElf({ size: 0x400, programs: [LOAD] })
    bytes[at] = value
    return thrown(() => openElf(bytesSource(bytes.subarray(0, length))))
  }

  it('begins with four bytes, is whole, and is of a 64-bit little-endian machine', () => {
    for (let at = 0; at < 4; at++)
      expect(edited(at, 0)).toMatchObject({ code: 'unknown-format', place: { offset: 0 } })
    for (const length of [0, 3]) expect(edited(15, 0, length)).toMatchObject({ code: 'unknown-format' })
    for (const length of [4, 63])
      expect(edited(15, 0, length)).toMatchObject({
        code: 'unreadable',
        message: `the ELF header is cut short: the file has ${length} bytes`,
        place: { offset: 0 },
      })
    // Of 64 bytes the header is whole: it is the program headers that are not there.
    expect(edited(15, 0, 64)).toMatchObject({
      message: expect.stringContaining('program headers at file offset'),
    })
    expect(edited(5, 2)).toMatchObject({ code: 'unsupported', place: { offset: 5 } })
    expect(edited(4, 1)).toMatchObject({
      code: 'unsupported',
      place: { offset: 4, hint: expect.any(String) },
    })
    for (const [at, value] of [
      [4, 0],
      [4, 3],
      [5, 0],
      [5, 3],
    ] as const)
      expect(edited(at, value)).toMatchObject({
        code: 'unreadable',
        message: expect.stringContaining('class '),
      })
  })

  it('names what it is, where it is no core', () => {
    const kind = (type: number) => thrown(() => open({ size: 0x400, programs: [LOAD], type }))
    const words = ['of no type', 'an object file', 'an executable', 'a shared object']
    for (const [type, word] of words.entries())
      expect(kind(type)).toMatchObject({
        code: 'unknown-format',
        message: expect.stringContaining(`this ELF file is ${word}`),
        place: { offset: 16, hint: expect.stringContaining('vmlinux') },
      })
    expect(kind(5)).toMatchObject({ message: 'this ELF file is of type 0x5, not a core dump' })
  })

  it('has its program headers in the file, and of the size that they have', () => {
    const size = 64 + 56
    expect(thrown(() => open({ size: size - 1, programs: [LOAD] }))).toMatchObject({ code: 'unreadable' })
    expect(open({ size, programs: [LOAD] }).memory.read(0x1000, 1)).toMatchObject({ reason: 'truncated' })
    expect(thrown(() => open({ size: 0x400, programs: [LOAD], phentsize: 57 }))).toMatchObject({
      message: 'damaged ELF header: program headers of 57 bytes, not 56',
      place: { offset: 54 },
    })
    // Without any nobody looks at their size.
    expect(thrown(() => open({ size: 0x400, programs: [], phentsize: 57 }))).toMatchObject({
      code: 'unknown-format',
      place: { hint: expect.stringContaining('virsh') },
    })
    expect(thrown(() => open({ size: 0x400, programs: [LOAD], phoff: 2n ** 52n }))).toMatchObject({
      message: 'damaged ELF header: e_phoff is 0x10000000000000',
    })
    expect(thrown(() => open({ size: 0x400, programs: [LOAD], phoff: 2n ** 52n - 1n }))).toMatchObject({
      message: expect.stringContaining('go beyond the end of the file (0x400)'),
      place: { offset: 2 ** 52 - 1 },
    })
  })
})

describe('segments', () => {
  const rangesOf = (...programs: RawProgram[]) => {
    const { memory, faults } = open({ size: 0x1000, programs })
    return [memory.ranges.map(({ start, end }) => [start, end]), faults.map(({ message }) => message)]
  }

  it('lie below the largest address, to the byte', () => {
    const last = { ...LOAD, paddr: 2n ** 52n - 0x100n }
    expect(rangesOf(last)).toEqual([[[2 ** 52 - 0x100, 2 ** 52]], []])
    expect(rangesOf(LOAD, { ...last, memsz: 0x101n })[1]).toEqual([
      '1 segments are not used; segment 1: physical address 0xfffffffffff00 with 0x101 bytes is none',
    ])
    // Not even none of it.
    expect(rangesOf(LOAD, { ...LOAD, paddr: 2n ** 52n, filesz: 0n })[1]).toHaveLength(1)
  })

  it('lie at offsets that a file can have', () => {
    const far = (filesz: bigint) =>
      rangesOf(LOAD, { ...LOAD, paddr: 0x8000n, offset: 2n ** 53n - 0x101n, filesz })[1]
    expect(far(0x101n)).toEqual([
      '1 segments are not used; segment 1: file offset 0x1ffffffffffeff with 0x101 bytes is none',
    ])
    expect(far(0x100n)).toEqual([
      expect.stringContaining('256 bytes that its segments promise are not there'),
    ])
  })

  it('are counted, those that are cut off too', () => {
    const { faults, elf } = open({
      size: 0x1000,
      programs: [
        LOAD,
        { ...LOAD, paddr: 0x4000n, offset: 0xff0n },
        { ...LOAD, paddr: 0x8000n, offset: 0x2000n },
      ],
    })
    expect(faults.map(({ message }) => message)).toEqual([
      'the file ends at 0x1000: 496 bytes that its segments promise are not there',
    ])
    expect(elf!.loads).toBe(3)
  })

  it('that have more in the file than memory have that much memory', () => {
    expect(rangesOf({ ...LOAD, memsz: 0x80n })).toEqual([[[0x1000, 0x1100]], []])
    expect(rangesOf({ ...LOAD, memsz: 0x180n })).toEqual([[[0x1000, 0x1180]], []])
  })

  it('of a process have virtual addresses alone; one segment, or one with an address, is a machine', () => {
    const process = { ...LOAD, paddr: 0n, vaddr: 0x40_0000n }
    expect(thrown(() => open({ size: 0x400, programs: [process, process] }))).toMatchObject({
      code: 'unknown-format',
      message: expect.stringContaining('it is a process, not a machine'),
    })
    expect(open({ size: 0x400, programs: [process] }).elf!.loads).toBe(1)
    expect(open({ size: 0x400, programs: [process, LOAD] }).elf!.loads).toBe(2)
    expect(open({ size: 0x400, programs: [LOAD, process] }).elf!.loads).toBe(2)
    // All at 0 may well be a machine.
    const none = { ...LOAD, paddr: 0n }
    expect(open({ size: 0x400, programs: [none, none] }).elf!.loads).toBe(2)
    expect(open({ size: 0x400, programs: [process, none] }).elf!.loads).toBe(2)
  })

  it('of other types are passed over, and notes that lie nowhere are said to', () => {
    expect(rangesOf({ ...LOAD, type: 6 }, LOAD)).toEqual([[[0x1000, 0x1100]], []])
    const note = { type: 4, offset: 2n ** 53n - 1n, filesz: 1n }
    expect(rangesOf(LOAD, note)[1]).toEqual(['segment 1: notes at file offset 0x1fffffffffffff'])
    expect(rangesOf(LOAD, { ...note, filesz: 0n })[1]).not.toContain(
      'segment 1: notes at file offset 0x1fffffffffffff',
    )
    const { notes } = open({ size: 0x400, programs: [LOAD, { type: 5, offset: 0x200n, filesz: 0x100n }] })
    expect(notes).toEqual([])
  })
})

describe('notes', () => {
  const note = (name: string, desc: string, type = 1, namesz = name.length + 1) => {
    const pad = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '\0')
    const head = Uint8Array.from(new Uint8Array(Uint32Array.of(namesz, desc.length, type).buffer))
    return joinBytes([head, new TextEncoder().encode(pad(`${name}\0`) + pad(desc))])
  }
  const read = (bytes: Uint8Array, length = bytes.length) => {
    const notes: Parameters<typeof readNotes>[3] = []
    const faults = readNotes(bytesSource(bytes), 0, length, notes)
    return {
      notes: notes.map(({ name, type, length }) => [name, type, length]),
      faults: faults.map(({ message }) => message),
      all: notes,
    }
  }

  it('end with a header of zeros, and with nothing less', () => {
    const zeros = new Uint8Array(12)
    expect(read(joinBytes([note('CORE', 'desc'), zeros, note('X', '')])).notes).toEqual([['CORE', 1, 4]])
    // A note may have no name, no contents, or no type.
    const odd = [note('', 'abc', 0), note('N', '', 0), note('', '', 7, 0)]
    expect(read(joinBytes(odd)).notes).toEqual([
      ['', 0, 3],
      ['N', 0, 0],
      ['', 7, 0],
    ])
  })

  it('that lead out of their segment or the file end the list, with a fault', () => {
    const two = joinBytes([note('CORE', 'desc'), note('LATE', '12345678')])
    expect(read(two.subarray(0, -1)).faults).toEqual(['the note at file offset 0x18 goes beyond its segment'])
    expect(read(two, two.length - 8)).toMatchObject({ notes: [['CORE', 1, 4]] })
    expect(read(two, two.length)).toMatchObject({ faults: [] })
    expect(read(two, two.length + 1).faults).toEqual([
      'the notes at file offset 0x0 go beyond the end of the file',
    ])
    expect(read(two, 11)).toMatchObject({ notes: [], faults: [] })
  })

  it('have names up to the first NUL, and VMCOREINFO is the first that has any', () => {
    const long = 'n'.repeat(5000)
    const { notes } = read(joinBytes([note('a\0b', 'x'), note(long, 'y')]))
    expect(notes[0]![0]).toBe('a')
    expect(notes[1]![0]!.toString().length).toBeLessThan(5000)
    const bytes = joinBytes([note('VMCOREINFO', ''), note('OTHER', 'no'), note('VMCOREINFO', 'A=1\n\0rest')])
    expect(readVmcoreinfo(bytesSource(bytes), read(bytes).all)).toBe('A=1\n')
    const none = joinBytes([note('VMCOREINFO', '')])
    expect(readVmcoreinfo(bytesSource(none), read(none).all)).toBeNull()
    const empty = joinBytes([note('VMCOREINFO', '\0abc')])
    expect(readVmcoreinfo(bytesSource(empty), read(empty).all)).toBe('')
  })
})

describe('an ELF core that is written', () => {
  const write = (...segments: Parameters<typeof writeElf>[0]) => {
    const parts: [at: number, bytes: Uint8Array][] = []
    const size = writeElf(
      segments,
      { notes: [{ name: 'N', type: 3, desc: Uint8Array.of(1, 2, 3) }] },
      (bytes, at) => {
        parts.push([at, bytes.slice()])
      },
    )
    return { parts, size }
  }
  const content = (length: number) => new Uint8Array(length).fill(7)

  it('is written from its first to its last byte, without a piece of no bytes', () => {
    const { parts, size } = write(
      { phys: 0x1000, content: content(0x1000) },
      { phys: 0x9000, content: content(0), memsz: 0x1000 },
      { phys: 0x2000, content: content(10) },
    )
    let at = 0
    for (const [start, bytes] of parts) {
      expect([start, bytes.length > 0]).toEqual([at, true])
      at += bytes.length
    }
    expect(at).toBe(size)
    const table = new DataView(parts[0]![1].buffer)
    // Notes are aligned to four bytes, memory to a page; what has no bytes lies at none.
    const program = (n: number) =>
      [8, 32, 40, 48].map(field => Number(table.getBigUint64(64 + n * 56 + field, true)))
    expect([0, 1, 2, 3].map(program)).toEqual([
      [64 + 4 * 56, 20, 0, 4],
      [0x1000, 0x1000, 0x1000, 4096],
      [0, 0, 0x1000, 4096],
      [0x2000, 10, 10, 4096],
    ])
  })

  it('has segments of whole bytes, at addresses that there are', () => {
    const at = (phys: number, memsz: number) => () => write({ phys, content: content(4), memsz })
    expect(at(2 ** 52 - 8, 8)().size).toBeGreaterThan(0)
    expect(at(0, 4)().size).toBeGreaterThan(0)
    for (const [phys, memsz] of [
      [-4096, 8],
      [0.5, 8],
      [2 ** 53, 8],
      [4096, 8.5],
      [4096, 3],
      [4096, 2 ** 53],
      [2 ** 52 - 8, 9],
      [Number.NaN, 8],
    ] as const)
      expect(thrown(at(phys, memsz)), `${phys} ${memsz}`).toMatchObject({ code: 'usage' })
  })
})
