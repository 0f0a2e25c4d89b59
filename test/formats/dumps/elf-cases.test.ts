import { describe, expect, it } from 'vitest'
import { openElf } from '../../../formats/dumps/elf.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { buildElf, filler } from './elf-build.js'

/** A core from lines "PADDR OFFSET FILESZ MEMSZ": the cases of libkdumpfile. Bytes are their file offset modulo 251. */
function open(text: string) {
  const programs = text
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(BigInt))
    .map(([paddr, offset, filesz, memsz]) => ({
      paddr: paddr!,
      offset: offset!,
      filesz: filesz!,
      memsz: memsz!,
    }))
  const end = Math.max(...programs.map(({ offset, filesz }) => Number(offset + filesz)))
  return openElf(bytesSource(buildElf({ size: Math.max(end, 512), programs })))
}

/** For each address: where in the file its byte is from, or why it is not there. */
function sources(text: string, ...addresses: number[]): (number | string)[] {
  const { memory } = open(text)
  return addresses.map(address => {
    const read = memory.read(address, 1)
    if (read.ok) expect(read.bytes[0]).toBe(filler(read.offset!))
    return read.ok ? read.offset! : read.reason
  })
}

describe('ELF, the cases of libkdumpfile', () => {
  it('empty: a segment with no bytes of file', () => {
    expect(sources('0x1000 0x1000 0 0x1000', 0x1000, 0x1fff, 0x2000)).toEqual([
      'excluded',
      'excluded',
      'outside',
    ])
  })

  it('partial: less file than memory', () => {
    const text = '0x1000 0x1000 0x800 0x2000'
    expect(sources(text, 0x17ff, 0x1800, 0x2fff, 0x3000)).toEqual([0x17ff, 'excluded', 'excluded', 'outside'])
  })

  it('fractional: segments that begin and end inside pages', () => {
    const text = '0x1234 0x1000 0x100 0x100\n0x1334 0x3000 0x1001 0x1001\n0x2335 0x1100 0x10 0x10'
    expect(sources(text, 0x1233, 0x1234, 0x1333, 0x1334, 0x2334, 0x2335, 0x2345)).toEqual([
      'outside',
      0x1000,
      0x10ff,
      0x3000,
      0x4000,
      0x1100,
      'outside',
    ])
    const { memory } = open(text)
    const read = memory.read(0x1332, 0x1005)
    const expected = Array.from({ length: 0x1005 }, (_, i) =>
      filler(i < 2 ? 0x10fe + i : i < 0x1003 ? 0x3000 + i - 2 : 0x1100 + i - 0x1003),
    )
    expect(read.ok && [...read.bytes]).toEqual(expected)
    expect([...memory.blocks()].reduce((sum, block) => sum + block.bytes.length, 0)).toBe(0x1111)
  })

  it('overlap: the first segment that has the byte gives it', () => {
    const text = '0x2000 0x1000 0x1000 0x1000\n0x1800 0x3000 0x2000 0x2000\n0x3000 0x6000 0x1000 0x2000'
    expect(sources(text, 0x1fff, 0x2000, 0x2fff, 0x3000, 0x37ff, 0x3800, 0x4000)).toEqual([
      0x37ff,
      0x1000,
      0x1fff,
      0x4800,
      0x4fff,
      0x6800,
      'excluded',
    ])
  })
})
