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

  it('of another version is refused', () => {
    const bytes = flattenPieces([])
    bytes[31] = 2
    expect(thrown(() => openFlattened(bytesSource(bytes)))).toMatchObject({ code: 'unsupported' })
    expect(thrown(() => openFlattened(bytesSource(new Uint8Array(5000))))).toMatchObject({
      code: 'unknown-format',
    })
  })
})
