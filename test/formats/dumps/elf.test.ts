import { describe, expect, it } from 'vitest'
import { openElf } from '../../../formats/dumps/elf.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { buildElf, filler, type RawElf, thrown } from './elf-build.js'

const open = (elf: RawElf) => openElf(bytesSource(buildElf(elf)))

describe('segments', () => {
  it('go by p_paddr, whatever p_vaddr says', () => {
    const vaddr = 0xffff_8880_0000_0000n
    const { memory } = open({
      size: 0x3000,
      programs: [
        { offset: 0x1000n, vaddr, paddr: 0x1_0000_0000n, filesz: 0x1000n },
        { offset: 0x2000n, vaddr, paddr: 0x5000n, filesz: 0x1000n },
      ],
    })
    expect(memory.ranges).toEqual([
      { start: 0x5000, end: 0x6000 },
      { start: 0x1_0000_0000, end: 0x1_0000_1000 },
    ])
    expect(memory.read(0x1_0000_0010, 1)).toMatchObject({ ok: true, offset: 0x1010 })
    expect(memory.read(0x5010, 1)).toMatchObject({ ok: true, offset: 0x2010 })
    expect(memory.read(0x1010, 1)).toEqual({ ok: false, reason: 'outside', address: 0x1010 })
  })

  it('are put together where they touch in memory but not in the file', () => {
    const { memory } = open({
      size: 0x4000,
      programs: [
        { offset: 0x3000n, paddr: 0x10000n, filesz: 0x1000n },
        { offset: 0x1000n, paddr: 0x11000n, filesz: 0x1000n },
      ],
    })
    const read = memory.read(0x10ffe, 4)
    expect(read).toMatchObject({ ok: true, offset: null })
    expect(read.ok && [...read.bytes]).toEqual([0x3ffe, 0x3fff, 0x1000, 0x1001].map(filler))
    expect(memory.ranges).toEqual([{ start: 0x10000, end: 0x12000 }])
  })

  it('are views of the file where the bytes lie in one piece', () => {
    const bytes = buildElf({
      size: 0x3000,
      programs: [
        { offset: 0x1000n, paddr: 0x1000n, filesz: 0x1000n },
        { offset: 0x2000n, paddr: 0x2000n, filesz: 0x1000n },
      ],
    })
    const read = openElf(bytesSource(bytes)).memory.read(0x1ff0, 0x20)
    expect(read).toMatchObject({ ok: true, offset: 0x1ff0 })
    expect(read.ok && read.bytes.buffer).toBe(bytes.buffer)
  })

  it('may overlap, as in /proc/vmcore: the first has the address, and any that has bytes gives them', () => {
    const { memory } = open({
      size: 0x8000,
      programs: [
        // Kernel text, inside the direct map that follows; the second half of it was not saved.
        { offset: 0x1000n, paddr: 0x3000n, filesz: 0x1000n, memsz: 0x2000n },
        { offset: 0x2000n, paddr: 0x1000n, filesz: 0x5000n },
      ],
    })
    expect(memory.read(0x3000, 0x1000)).toMatchObject({ ok: true, offset: 0x1000 })
    expect(memory.read(0x4000, 0x1000)).toMatchObject({ ok: true, offset: 0x5000 })
    const across = memory.read(0x2fff, 0x1002)
    expect(across.ok && [across.bytes[0], across.bytes[1], across.bytes[0x1001]]).toEqual(
      [0x3fff, 0x1000, 0x5000].map(filler),
    )
    const blocks = [...memory.blocks()].map(({ phys, bytes, offset }) => [phys, bytes.length, offset])
    expect(blocks).toEqual([
      [0x3000, 0x1000, 0x1000],
      [0x1000, 0x2000, 0x2000],
      [0x4000, 0x2000, 0x5000],
    ])
  })

  it('with less file than memory are excluded there, never zero', () => {
    const { memory } = open({
      size: 0x2000,
      programs: [
        { offset: 0x1000n, paddr: 0x1000n, filesz: 0x800n, memsz: 0x2000n },
        { offset: 0n, paddr: 0x9000n, filesz: 0n, memsz: 0x1000n },
      ],
    })
    expect(memory.read(0x1000, 0x800).ok).toBe(true)
    expect(memory.read(0x1000, 0x801)).toEqual({ ok: false, reason: 'excluded', address: 0x1800 })
    expect(memory.read(0x2fff, 1)).toEqual({ ok: false, reason: 'excluded', address: 0x2fff })
    expect(memory.read(0x3000, 1)).toEqual({ ok: false, reason: 'outside', address: 0x3000 })
    expect(memory.read(0x9000, 8)).toEqual({ ok: false, reason: 'excluded', address: 0x9000 })
  })

  it('beyond the end of the file are truncated', () => {
    const { memory, faults } = open({
      size: 0x1800,
      programs: [
        { offset: 0x1000n, paddr: 0x1000n, filesz: 0x1000n, memsz: 0x2000n },
        { offset: 0x2000n, paddr: 0x8000n, filesz: 0x1000n },
      ],
    })
    expect(memory.read(0x1000, 0x1000)).toEqual({ ok: false, reason: 'truncated', address: 0x1800 })
    expect(memory.read(0x2000, 1)).toEqual({ ok: false, reason: 'excluded', address: 0x2000 })
    expect(memory.read(0x8000, 1)).toEqual({ ok: false, reason: 'truncated', address: 0x8000 })
    expect(faults).toMatchObject([{ code: 'DUMP-TRUNCATED', address: 0x1800, absent: 'truncated' }])
    expect(faults[0]?.message).toContain('6144 bytes')
  })

  it('without a physical address are left out with a fault', () => {
    const { memory, faults, elf } = open({
      size: 0x2000,
      programs: [
        { offset: 0x1000n, paddr: 2n ** 64n - 1n, filesz: 0x1000n },
        { offset: 0x1000n, paddr: 2n ** 52n - 0x800n, filesz: 0x1000n },
        { offset: 0x1000n, paddr: 0x2000n, filesz: 0x1000n },
        { offset: 2n ** 60n, paddr: 0x7000n, filesz: 0x1000n },
      ],
    })
    expect(memory.ranges).toEqual([{ start: 0x2000, end: 0x3000 }])
    expect(faults.map(({ code }) => code)).toEqual(['DUMP-SEGMENT'])
    expect(faults[0]?.message).toBe(
      '3 segments are not used; segment 0: physical address 0xffffffffffffffff with 0x1000 bytes is none',
    )
    expect(elf?.loads).toBe(4)
  })

  it('are counted by section header 0 when e_phnum says so', () => {
    const bytes = buildElf({
      size: 0x1000,
      phnum: 0xffff,
      programs: [{ offset: 0x800n, paddr: 0x1000n, filesz: 0x100n }],
    })
    const view = new DataView(bytes.buffer)
    view.setBigUint64(40, 0x400n, true)
    view.setUint32(0x400 + 44, 1, true)
    expect(openElf(bytesSource(bytes)).memory.ranges).toEqual([{ start: 0x1000, end: 0x1100 }])
    view.setBigUint64(40, 0xfd0n, true)
    expect(thrown(() => openElf(bytesSource(bytes)))).toMatchObject({
      code: 'unreadable',
      message:
        'section header 0, which has the number of segments, at file offset 0xfd0 is cut short: the file ends at 0x1000',
      place: { offset: 0xfd0 },
    })
  })
})

describe('blocks', () => {
  it('are of 256 KiB at most and begin at multiples of 4 KiB after the first', () => {
    const { memory } = open({
      size: 0x8_1000,
      programs: [{ offset: 0x1000n, paddr: 0x10_0800n, filesz: 0x8_0000n }],
    })
    const blocks = [...memory.blocks()].map(({ phys, bytes }) => [phys, bytes.length])
    expect(blocks).toEqual([
      [0x10_0800, 0x3_f800],
      [0x14_0000, 0x4_0000],
      [0x18_0000, 0x800],
    ])
  })
})

describe('notes', () => {
  const note = (name: string, type: number, desc: string) => {
    const bytes = new Uint8Array(12 + Math.ceil((name.length + 1) / 4) * 4 + Math.ceil(desc.length / 4) * 4)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, name.length + 1, true)
    view.setUint32(4, desc.length, true)
    view.setUint32(8, type, true)
    bytes.set(new TextEncoder().encode(name), 12)
    bytes.set(new TextEncoder().encode(desc), 12 + Math.ceil((name.length + 1) / 4) * 4)
    return [...bytes]
  }
  const withNotes = (notes: number[], length = notes.length) => {
    const bytes = buildElf({
      size: 0x1000,
      programs: [
        { type: 4, offset: 0x200n, filesz: BigInt(length) },
        { offset: 0x800n, paddr: 0x1000n, filesz: 0x100n },
      ],
    })
    bytes.set(notes, 0x200)
    return openElf(bytesSource(bytes))
  }

  it('are listed with their place in the file, and VMCOREINFO is read', () => {
    const dump = withNotes([
      ...note('CORE', 1, 'regs!'),
      ...note('VMCOREINFO', 0, 'OSRELEASE=7.2\nPAGESIZE=4096\n'),
    ])
    expect(dump.notes).toEqual([
      { name: 'CORE', type: 1, offset: 0x214, length: 5 },
      { name: 'VMCOREINFO', type: 0, offset: 0x234, length: 28 },
    ])
    expect(dump.vmcoreinfo).toBe('OSRELEASE=7.2\nPAGESIZE=4096\n')
    expect(dump.faults).toEqual([])
  })

  it('end at zeros, which the kernel pads them with', () => {
    const dump = withNotes([
      ...note('CORE', 1, 'x'),
      ...new Array<number>(64).fill(0),
      ...note('LATE', 1, 'x'),
    ])
    expect(dump.notes.map(({ name }) => name)).toEqual(['CORE'])
    expect(dump.faults).toEqual([])
  })

  it('are not listed without end', () => {
    const bytes = buildElf({
      size: 0x20_0000,
      programs: [
        { type: 4, offset: 0x1000n, filesz: 0x1f_f000n },
        { offset: 0x800n, paddr: 0x1000n, filesz: 0x100n },
      ],
    })
    const view = new DataView(bytes.buffer)
    for (let at = 0x1000; at + 12 <= bytes.length; at += 12) {
      view.setBigUint64(at, 0n, true)
      view.setUint32(at + 8, 7, true)
    }
    const { notes, faults } = openElf(bytesSource(bytes))
    expect(notes).toHaveLength(131_072)
    expect(faults).toMatchObject([
      { code: 'DUMP-NOTE', message: expect.stringMatching(/^more than 131072 notes/) },
    ])
  })

  it('that lead out of their segment or the file are a fault', () => {
    const inSegment = withNotes([...note('CORE', 1, 'x'), ...note('BAD', 1, 'four')], 20 + 16)
    expect(inSegment.notes).toHaveLength(1)
    expect(inSegment.faults).toMatchObject([
      { code: 'DUMP-NOTE', message: 'the note at file offset 0x218 goes beyond its segment' },
    ])
    const beyond = withNotes(new Array<number>(12).fill(0), 0x10000)
    expect(beyond.faults).toMatchObject([
      { code: 'DUMP-NOTE', message: 'the notes at file offset 0x200 go beyond the end of the file' },
    ])
  })
})

describe('what is no dump', () => {
  const load = { offset: 0x200n, paddr: 0x1000n, filesz: 0x100n }

  it.each([
    ['the magic', 0, 0, 'unknown-format', /not an ELF file/],
    ['the class', 4, 1, 'unsupported', /32-bit/],
    ['the byte order', 5, 2, 'unsupported', /big-endian/],
    ['a class that does not exist', 4, 7, 'unreadable', /class 7/],
    ['a relocatable file', 16, 1, 'unknown-format', /an object file or module, not a core/],
    ['an executable', 16, 2, 'unknown-format', /an executable, not a core/],
    ['a shared object', 16, 3, 'unknown-format', /a shared object or executable/],
    ['a wrong entry size', 54, 32, 'unreadable', /program headers of 32 bytes/],
  ])('is told by %s', (_, offset, value, code, message) => {
    const bytes = buildElf({ size: 0x1000, programs: [load] })
    bytes[offset] = value
    expect(thrown(() => openElf(bytesSource(bytes)))).toMatchObject({
      code,
      message: expect.stringMatching(message),
      place: { offset: expect.any(Number) },
    })
  })

  it('is a header that is cut short or leads out of the file', () => {
    const bytes = buildElf({ size: 0x1000, programs: [load] })
    expect(thrown(() => openElf(bytesSource(bytes.subarray(0, 40))))).toMatchObject({
      code: 'unreadable',
      message: 'the ELF header is cut short: the file has 40 bytes',
    })
    expect(thrown(() => openElf(bytesSource(bytes.subarray(0, 100))))).toMatchObject({
      code: 'unreadable',
      place: { offset: 64 },
    })
    expect(thrown(() => open({ size: 0x1000, programs: [load], phoff: 2n ** 63n }))).toMatchObject({
      code: 'unreadable',
      message: 'damaged ELF header: e_phoff is 0x8000000000000000',
    })
    expect(thrown(() => open({ size: 0x1000, programs: [load], phoff: 0xf00n, phnum: 9 }))).toMatchObject({
      code: 'unreadable',
      place: { offset: 0xf00 },
    })
  })

  it('is a core without memory, or of a process', () => {
    expect(thrown(() => open({ size: 0x1000, programs: [] }))).toMatchObject({
      code: 'unknown-format',
      message: expect.stringContaining('no PT_LOAD'),
    })
    const page = { offset: 0x200n, vaddr: 0x400000n, filesz: 0x100n }
    expect(thrown(() => open({ size: 0x1000, programs: [page, page] }))).toMatchObject({
      code: 'unknown-format',
      message: expect.stringContaining('a process, not a machine'),
    })
  })
})

describe('the header', () => {
  it('names the machine', () => {
    const load = { offset: 0x200n, paddr: 0x1000n, filesz: 0x100n }
    const machine = (number: number) => open({ size: 0x1000, machine: number, programs: [load] }).machine
    expect([62, 183, 999].map(machine)).toEqual(['x86_64', 'aarch64', 'elf-machine-999'])
  })

  it('says that makedumpfile ran out of room', () => {
    const load = { offset: 0x200n, paddr: 0x1000n, filesz: 0x100n }
    const { faults, elf } = open({ size: 0x1000, flags: 1, programs: [load] })
    expect(faults.map(({ code }) => code)).toEqual(['DUMP-INCOMPLETE'])
    expect(elf).toEqual({ class: 64, type: 4, machine: 62, flags: 1, loads: 1 })
  })
})
