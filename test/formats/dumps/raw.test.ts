import { describe, expect, it } from 'vitest'
import { openRaw, type RawOptions } from '../../../formats/dumps/raw.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { thrown } from './elf-build.js'

const FOUR_GIB = 2 ** 32
const file = Uint8Array.from({ length: 0x3000 }, (_, i) => i % 251)
const open = (options?: RawOptions) => openRaw(bytesSource(file), options)

describe('a raw file', () => {
  it('has its offsets as addresses', () => {
    const { memory, container, machine, vmcoreinfo, notes, elf, faults } = open()
    expect({ container, machine, vmcoreinfo, notes, elf, faults }).toEqual({
      container: 'raw',
      machine: null,
      vmcoreinfo: null,
      notes: [],
      elf: null,
      faults: [],
    })
    expect(memory.ranges).toEqual([{ start: 0, end: 0x3000 }])
    expect(memory.inputSize).toBe(0x3000)
    const read = memory.read(0x1234, 16)
    expect(read).toEqual({ ok: true, bytes: file.subarray(0x1234, 0x1244), offset: 0x1234 })
    expect(memory.read(0x2fff, 2)).toEqual({ ok: false, reason: 'outside', address: 0x3000 })
  })

  it('begins at a base', () => {
    const { memory } = open({ base: 0x4000_0000 })
    expect(memory.ranges).toEqual([{ start: 0x4000_0000, end: 0x4000_3000 }])
    expect(memory.read(0x4000_0010, 1)).toMatchObject({ ok: true, offset: 0x10 })
    expect(memory.read(0x10, 1)).toMatchObject({ ok: false, reason: 'outside' })
  })

  it('continues at 4 GiB after low memory', () => {
    const { memory } = open({ lowMemory: 0x2000 })
    expect(memory.ranges).toEqual([
      { start: 0, end: 0x2000 },
      { start: FOUR_GIB, end: FOUR_GIB + 0x1000 },
    ])
    expect(memory.read(0x1fff, 1)).toMatchObject({ ok: true, offset: 0x1fff })
    expect(memory.read(0x2000, 1)).toMatchObject({ ok: false, reason: 'outside' })
    expect(memory.read(FOUR_GIB, 1)).toMatchObject({ ok: true, offset: 0x2000 })
    expect([...memory.blocks()].map(({ phys, offset }) => [phys, offset])).toEqual([
      [0, 0],
      [FOUR_GIB, 0x2000],
    ])
    expect(open({ lowMemory: 0x8000 }).memory.ranges).toEqual([{ start: 0, end: 0x3000 }])
    expect(open({ lowMemory: FOUR_GIB }).memory.ranges).toEqual([{ start: 0, end: 0x3000 }])
  })

  it('is what a map says, and nothing else', () => {
    const { memory, faults } = open({
      map: [
        { phys: 0x10_0000, offset: 0x2000, length: 0x1000 },
        { phys: 0x1000, offset: 0, length: 0x800 },
      ],
    })
    expect(faults).toEqual([])
    expect(memory.read(0x10_0000, 1)).toMatchObject({ ok: true, offset: 0x2000 })
    expect(memory.read(0x1000, 0x800)).toMatchObject({ ok: true, offset: 0 })
    expect(memory.read(0x1800, 1)).toMatchObject({ ok: false, reason: 'outside' })
  })

  it('may have entries that touch, up to the largest address, and says how much of them is not there', () => {
    const last = 2 ** 52 - 0x1000
    const { memory, faults } = open({
      map: [
        { phys: 0x1000, offset: 0, length: 0x1000 },
        { phys: 0x2000, offset: 0x2000, length: 0x1800 },
        { phys: last, offset: 0x1000, length: 0x1000 },
        { phys: 0x8000, offset: 0x4000, length: 0x10 },
      ],
    })
    expect(memory.ranges).toEqual([
      { start: 0x1000, end: 0x3800 },
      { start: 0x8000, end: 0x8010 },
      { start: last, end: 2 ** 52 },
    ])
    expect(faults.map(({ message }) => message)).toEqual([
      'the map names 2064 bytes beyond the end of the file (12288 bytes)',
    ])
  })

  it('lacks what a map promises beyond its end', () => {
    const { memory, faults } = open({ map: [{ phys: 0x8000, offset: 0x2000, length: 0x4000 }] })
    expect(memory.read(0x8fff, 1).ok).toBe(true)
    expect(memory.read(0x9000, 1)).toEqual({ ok: false, reason: 'truncated', address: 0x9000 })
    expect(faults).toMatchObject([{ code: 'DUMP-TRUNCATED', address: 0x9000, absent: 'truncated' }])
  })

  it.each<[string, RawOptions]>([
    ['two kinds of options', { base: 0, lowMemory: 0x1000 }],
    ['an empty map', { map: [] }],
    ['an entry of no length', { map: [{ phys: 0, offset: 0, length: 0 }] }],
    [
      'entries that overlap',
      {
        map: [
          { phys: 0, offset: 0, length: 0x1001 },
          { phys: 0x1000, offset: 0x1000, length: 0x1000 },
        ],
      },
    ],
    ['a negative base', { base: -4096 }],
    ['a base that is no whole number', { base: 0.5 }],
    ['a base at the end of the address space', { base: 2 ** 52 - 0x1000 }],
    ['low memory beyond 4 GiB', { lowMemory: FOUR_GIB + 1 }],
    ['an offset that is none', { map: [{ phys: 0, offset: Number.NaN, length: 1 }] }],
  ])('refuses %s', (_, options) => {
    expect(thrown(() => open(options))).toMatchObject({ name: 'KhoError', code: 'usage' })
  })
})
