import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { containerNamed, detectContainer, openContainer } from '../../../formats/dumps/containers.js'
import type { Dump } from '../../../formats/dumps/dump.js'
import { openFlattened } from '../../../formats/dumps/flattened.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { codecs } from '../../../src/node/codecs.js'
import { buildElf, thrown } from './elf-build.js'
import { buildKdump, flatten, flattenPieces } from './kdump-build.js'

const open = (bytes: Uint8Array) => {
  const source = bytesSource(bytes)
  return openContainer(detectContainer(source), source, { codecs })
}

const backwards = (pieces: number[]) => [...pieces].reverse()

describe('a flattened file', () => {
  it.each([
    ['in order', flatten],
    ['last piece first', (file: Uint8Array, step: number) => flatten(file, step, backwards)],
  ])('holds a kdump: %s', async (_, make) => {
    const file = buildKdump(
      'ram 0-5\nvmcoreinfo A=1\\n\n0 random 1 zlib\n1 count raw\n2 zero lzo\n3 random 2 snappy',
    )
    const plain = await open(file)
    for (const step of [7, 464, 4096, 1e6]) {
      const flat = make(file, step)
      const dump = await open(flat)
      expect(dump.container).toBe('kdump')
      expect(dump.vmcoreinfo).toBe('A=1\n')
      expect(dump.memory.ranges).toEqual(plain.memory.ranges)
      expect([...dump.memory.blocks()].map(block => block.phys)).toEqual([0])
      for (let pfn = 0; pfn < 7; pfn++) {
        const [a, b] = [plain, dump].map(({ memory }) => memory.read(pfn * 4096, 4096))
        expect(b!.ok && Buffer.compare(b!.bytes, a!.ok ? a!.bytes : new Uint8Array())).toBe(a!.ok && 0)
      }
      // The place is that in the flattened file.
      const read = dump.memory.read(4096 + 8, 4)
      if (read.ok && read.offset !== null)
        expect(flat.subarray(read.offset, read.offset + 4)).toEqual(read.bytes)
      else expect(step).toBe(7)
    }
  })

  it('holds an ELF core', async () => {
    const elf = buildElf({ size: 0x3000, programs: [{ offset: 0x1000n, paddr: 0x10000n, filesz: 0x2000n }] })
    for (const step of [64, 1000, 4096]) {
      const dump = await open(flatten(elf, step, backwards))
      expect(dump.container).toBe('elf')
      const read = dump.memory.read(0x10000, 0x2000)
      expect(read.ok && Buffer.compare(read.bytes, elf.subarray(0x1000, 0x3000))).toBe(0)
    }
  })

  it('of something else is refused', async () => {
    await expect(open(flatten(new Uint8Array(5000).fill(7), 4096))).rejects.toMatchObject({
      code: 'unknown-format',
    })
    const source = bytesSource(flatten(buildElf({ size: 0x1000, programs: [] }), 512))
    await expect(
      openContainer(containerNamed('flattened'), source, { parts: [source] }),
    ).rejects.toMatchObject({ code: 'usage' })
  })

  it('gives each byte from the last piece that has it, and zeros where none has', () => {
    const piece = fc.record({ offset: fc.nat(60), bytes: fc.uint8Array({ maxLength: 30 }) })
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 12 }),
        fc.nat(80),
        fc.nat(80),
        (pieces, offset, length) => {
          const size = Math.max(
            0,
            ...pieces.filter(p => p.bytes.length > 0).map(p => p.offset + p.bytes.length),
          )
          const whole = new Uint8Array(size)
          for (const { offset: at, bytes } of pieces) whole.set(bytes, Math.min(at, size))
          const flat = openFlattened(bytesSource(flattenPieces(pieces)))
          expect(flat.size).toBe(size)
          expect(flat.complete).toBe(true)
          expect([...flat.read(offset, length)]).toEqual([...whole.subarray(offset, offset + length)])
        },
      ),
      { numRuns: 500 },
    )
  })

  it('that is cut short has what is there, and no zeros for the rest', async () => {
    const pages = '0 random 1 raw\n1 random 2 raw\n2 random 3 raw'
    const file = buildKdump(pages)
    const flat = flatten(file, 4096)
    const dump = await open(flat.subarray(0, flat.length - 16 - 100))
    expect(dump.faults.map(fault => fault.code)).toContain('DUMP-TRUNCATED')
    expect([0, 1, 2].map(pfn => dump.memory.read(pfn * 4096, 4096).ok)).toEqual([true, true, false])
    // Blocks: header, sub-header, two bitmaps, descriptors and the beginning of the data, data.
    const without = (block: number) => {
      const kept = [0, 1, 2, 3, 4, 5, 6, 7].filter(i => i !== block)
      const cut = (i: number) => file.subarray(i * 4096, (i + 1) * 4096)
      return open(
        flattenPieces(
          kept.map(i => ({ offset: i * 4096, bytes: cut(i) })),
          false,
        ),
      )
    }
    const reasons = ({ memory }: Dump) =>
      [0, 1, 2].map(pfn => {
        const read = memory.read(pfn * 4096, 4096)
        return read.ok ? 'ok' : read.reason
      })
    const data = await without(5)
    expect(reasons(data)).toEqual(['unreadable', 'unreadable', 'ok'])
    expect([...data.memory.blocks()].map(block => block.phys)).toEqual([0x2000])
    expect(reasons(await without(4))).toEqual(['truncated', 'truncated', 'truncated'])
    await expect(without(3)).rejects.toMatchObject({ code: 'unreadable' })
  })

  it.each<[string, Uint8Array, string]>([
    ['cut short in its header', flatten(new Uint8Array(10), 10).subarray(0, 4000), 'unreadable'],
    ['of a negative offset', flattenPieces([{ offset: -2, bytes: new Uint8Array(4) }]), 'unreadable'],
    [
      'of an offset beyond all files',
      flattenPieces([{ offset: 2 ** 60, bytes: new Uint8Array(4) }]),
      'unreadable',
    ],
    ['of a piece far away', flattenPieces([{ offset: 2 ** 40, bytes: new Uint8Array(4) }]), 'unreadable'],
  ])('%s is refused', (_, bytes, code) => {
    expect(thrown(() => openFlattened(bytesSource(bytes)))).toMatchObject({ code })
  })

  it('says where its bytes lie, in one piece or none', () => {
    const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)
    const made = flattenPieces([
      { offset: 100, bytes: bytes(50, 1) },
      { offset: 0, bytes: bytes(40, 2) },
      { offset: 150, bytes: bytes(10, 3) },
      // Over the end of the first, and the beginning of the third.
      { offset: 140, bytes: bytes(15, 4) },
      { offset: 300, bytes: bytes(0, 5) },
    ])
    const flat = openFlattened(bytesSource(made))
    expect([flat.size, flat.complete]).toEqual([160, true])
    const spots = [
      [0, 40],
      [39, 1],
      [100, 40],
      [140, 15],
      [155, 5],
      [120, 20],
      // Back again, and at borders.
      [0, 1],
      [159, 1],
      [100, 1],
    ] as const
    for (const [offset, length] of spots) {
      const place = flat.locate(offset, length)!
      expect([...made.subarray(place, place + length)]).toEqual([...flat.read(offset, length)])
    }
    for (const [offset, length] of [
      [0, 41],
      [40, 1],
      [99, 1],
      [139, 2],
      [154, 2],
      [160, 1],
    ] as const)
      expect(flat.locate(offset, length)).toBeNull()
    expect([flat.read(160, 5), flat.read(155, 99)].map(part => part.length)).toEqual([0, 5])
    expect([...flat.read(38, 4)]).toEqual([2, 2, 0, 0])
    expect([...flat.read(138, 4)]).toEqual([1, 1, 4, 4])
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [Number.NaN, 1],
    ] as const)
      expect(thrown(() => flat.read(offset, length))).toMatchObject({ code: 'usage' })
  })

  it('without its end mark has no zeros where nobody wrote, but for who asks for them', () => {
    const made = flattenPieces(
      [
        { offset: 0, bytes: new Uint8Array(10).fill(1) },
        { offset: 20, bytes: new Uint8Array(10).fill(2) },
      ],
      false,
    )
    const flat = openFlattened(bytesSource(made))
    expect([flat.complete, flat.zeroed.size]).toEqual([false, 30])
    expect([...flat.read(5, 5), ...flat.read(20, 5)]).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    for (const [offset, length, at] of [
      [5, 6, 10],
      [12, 2, 12],
      [15, 10, 15],
      [0, 30, 10],
    ] as const)
      expect(thrown(() => flat.read(offset, length))).toMatchObject({
        code: 'unreadable',
        message: `the flattened file is cut short: nothing in it is for offset 0x${at.toString(16)}`,
        place: { offset: at },
      })
    expect([...flat.zeroed.read(8, 4), ...flat.zeroed.read(18, 4)]).toEqual([1, 1, 0, 0, 0, 0, 2, 2])
    // A last piece counts as far as it goes.
    const cut = openFlattened(bytesSource(made.subarray(0, made.length - 3)))
    expect([cut.size, cut.complete]).toEqual([27, false])
    expect(openFlattened(bytesSource(made.subarray(0, made.length - 10))).size).toBe(10)
  })

  it('has pieces at offsets that a file can have, and not much more room than bytes', () => {
    const piece = (offset: number, length = 4) => flattenPieces([{ offset, bytes: new Uint8Array(length) }])
    const refused = (bytes: Uint8Array) => thrown(() => openFlattened(bytesSource(bytes)))
    expect(openFlattened(bytesSource(piece(2 ** 26))).size).toBe(2 ** 26 + 4)
    expect(refused(piece(2 ** 26 + 1))).toMatchObject({
      code: 'unreadable',
      message: `damaged flattened file: 4 bytes are written to a file of ${2 ** 26 + 5}`,
    })
    expect(refused(piece(-2))).toMatchObject({
      message: 'damaged flattened file: bad offset and size -2, 4 at file offset 0x1000',
      place: { offset: 4096 },
    })
    const edited = (at: number, ...bytes: number[]) => {
      const made = piece(0)
      made.set(bytes, at)
      return made
    }
    // A negative size, and one behind the largest offset.
    expect(refused(edited(4096 + 8, 0x80))).toMatchObject({
      message: expect.stringContaining('bad offset and size'),
    })
    expect(refused(edited(4096, 0, 0x1f, 255, 255, 255, 255, 255, 253))).toMatchObject({
      message: expect.stringContaining('bad offset and size'),
    })
    expect(refused(edited(4096, 0, 0x1f, 255, 255, 255, 255, 255, 251))).toMatchObject({
      message: expect.stringContaining('are written to a file of'),
    })
    expect(refused(piece(0).subarray(0, 4096 + 15))).toMatchObject({
      message: 'the flattened file is cut short: 4111 bytes',
      place: { offset: 0 },
    })
    expect(openFlattened(bytesSource(flattenPieces([]))).size).toBe(0)
    for (const at of [23, 31]) {
      const made = flattenPieces([])
      made[at] = 2
      expect(refused(made)).toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining('only 1, 1'),
      })
    }
  })

  it('of another version is refused', () => {
    const bytes = flattenPieces([])
    bytes[31] = 2
    expect(thrown(() => openFlattened(bytesSource(bytes)))).toMatchObject({ code: 'unsupported' })
    expect(thrown(() => openFlattened(bytesSource(new Uint8Array(5000))))).toMatchObject({
      code: 'unknown-format',
    })
  })
})
