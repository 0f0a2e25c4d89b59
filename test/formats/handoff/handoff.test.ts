import { describe, expect, it } from 'vitest'
import { buildFdt, type FdtPropertySpec, readFdt } from '../../../formats/fdt/index.js'
import { readChosen } from '../../../formats/handoff/chosen.js'
import { doubtScratchArray, readScratchArray } from '../../../formats/handoff/scratch.js'
import { readSetupData } from '../../../formats/handoff/setup-data.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'

function cells(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4)
  words.forEach((word, n) => {
    new DataView(bytes.buffer).setUint32(n * 4, word)
  })
  return bytes
}

/** A device tree with a hand-over in its /chosen. */
function treeOf(root: FdtPropertySpec[], fdt: Uint8Array, scratch: Uint8Array) {
  const properties = [
    { name: 'linux,kho-fdt', value: fdt },
    { name: 'linux,kho-scratch', value: scratch },
  ]
  const spec = { name: '', properties: root, children: [{ name: 'chosen', properties, children: [] }] }
  return readFdt(buildFdt(spec)).tree!
}

describe('a hand-over in /chosen', () => {
  const told = { address: 0x4000, fdtAddress: 0x1_0020_0000, scratchAddress: 0x30_0000 }

  it('has two cells for an address and one for a size, where the root does not say', () => {
    const tree = treeOf([], cells(1, 0x20_0000, 0x1000), cells(0, 0x30_0000, 0x20))
    expect(readChosen(tree, 0x4000)).toEqual({ ...told, fdtSize: 0x1000, scratchSize: 0x20 })
  })

  it('has the cells that the root says', () => {
    const two = [
      { name: '#address-cells', value: cells(2) },
      { name: '#size-cells', value: cells(2) },
    ]
    const tree = treeOf(two, cells(1, 0x20_0000, 2, 0x1000), cells(0, 0x30_0000, 0, 0x20))
    expect(readChosen(tree, 0x4000)).toEqual({ ...told, fdtSize: 0x2_0000_1000, scratchSize: 0x20 })
    expect(readChosen(treeOf(two, cells(0, 1, 1), cells(0, 1, 0, 1)), 0)).toBeNull()
    expect(readChosen(treeOf([], cells(0, 1, 0, 1), cells(0, 1, 1)), 0)).toBeNull()
  })
})

describe('a scratch array', () => {
  const areas = [
    { start: 0x10_0000, size: 0x2000 },
    { start: 0x40_0000, size: 0x1000 },
  ]

  it('lies in one of its own areas, up to the last byte', () => {
    expect(doubtScratchArray(areas, 0x10_0000, 0x20)).toBeNull()
    expect(doubtScratchArray(areas, 0x10_2000 - 0x20, 0x20)).toBeNull()
    expect(doubtScratchArray(areas, 0x40_0000, 0x1000)).toBeNull()
    const none = /lies in none of its own areas/
    expect(doubtScratchArray(areas, 0x10_2000 - 0x1f, 0x20)).toMatch(none)
    expect(doubtScratchArray(areas, 0x10_0000 - 1, 0x20)).toMatch(none)
    expect(doubtScratchArray(areas, 0x40_0000, 0x1001)).toMatch(none)
  })

  it('is not believed where it is empty, all zero, or not made of pages below 2^52', () => {
    expect(doubtScratchArray([], 0, 0)).toMatch(/has no entry/)
    expect(doubtScratchArray([{ start: 0, size: 0 }], 0, 16)).toMatch(/all zero/)
    const strange = [
      { start: 2 ** 52, size: 0x1000 },
      { start: 0, size: 2 ** 52 },
      { start: 0x800, size: 0x1000 },
      { start: 0x1000, size: 0x800 },
    ]
    for (const area of strange) {
      expect(doubtScratchArray([area], area.start, 16)).toMatch(/holds something else/)
    }
    // An area of nothing beside one that has the array is no reason.
    expect(doubtScratchArray([...areas, { start: 0, size: 0 }], 0x10_0000, 0x30)).toBeNull()
  })

  it('is read whole, and no more than it is long', () => {
    const builder = createMemoryBuilder({ geometry: geometry(12), ram: [{ start: 0x1000, end: 0x10_0000 }] })
    const { address, bytes } = builder.allocate(1)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    areas.forEach(({ start, size }, n) => {
      view.setBigUint64(n * 16, BigInt(start), true)
      view.setBigUint64(n * 16 + 8, BigInt(size), true)
    })
    const memory = builder.memory()
    expect(readScratchArray(memory, address, 32).areas).toEqual(areas)
    expect(readScratchArray(memory, address, 47).areas).toEqual(areas)
    expect(readScratchArray(memory, address, 31).areas).toEqual(areas.slice(0, 1))
    expect(readScratchArray(memory, address, 15)).toMatchObject({
      areas: [],
      reason: expect.stringMatching(/no entry/),
    })
    expect(readScratchArray(memory, address, 4097 * 16).reason).toMatch(/4097 areas is too long/)
    expect(readScratchArray(memory, address, 4096 * 16).reason).toMatch(/not in the dump/)
  })
})

describe('a setup_data record', () => {
  const PAGE = 4096
  type Fields = { type?: number; length?: number; fdt?: bigint; size?: bigint; scratch?: bigint }
  /** The record that lies at these fields, in memory that ends behind its bytes or before. */
  const read = (
    { type = 10, length = 32, fdt = 0x20_0000n, size = 4096n, scratch = 0x30_0000n }: Fields = {},
    cut = 0,
  ) => {
    const builder = createMemoryBuilder({ geometry: geometry(12), ram: [{ start: 0x1000, end: 0x2000 }] })
    const { address, bytes } = builder.allocate(1)
    const at = PAGE - 48 + cut
    const record = new Uint8Array(48)
    const view = new DataView(record.buffer)
    view.setUint32(8, type, true)
    view.setUint32(12, length, true)
    for (const [n, word] of [fdt, size, scratch, 16n].entries()) view.setBigUint64(16 + n * 8, word, true)
    bytes.set(record.subarray(0, 48 - cut), at)
    return readSetupData(builder.memory(), address + at)
  }

  it('names a root of whole pages, and an array', () => {
    const { address, ...told } = read()!
    expect(told).toEqual({ fdtAddress: 0x20_0000, fdtSize: 4096, scratchAddress: 0x30_0000, scratchSize: 16 })
    expect(address % PAGE).toBe(PAGE - 48)
    expect([read({ fdt: 4096n }), read({ size: 2n ** 32n - 4096n })].every(record => record !== null)).toBe(
      true,
    )
    // The array is not asked for.
    expect(read({ scratch: 2n ** 63n })).toMatchObject({ scratchAddress: 0 })
  })

  it('is none of another type or length, that is cut off, or whose root can be none', () => {
    const others: Fields[] = [
      { type: 9 },
      { length: 31 },
      { length: 40 },
      { fdt: 0n },
      { fdt: 0x20_0800n },
      { fdt: 2n ** 63n },
      { size: 0n },
      { size: 4095n },
      { size: 4097n },
      { size: 2n ** 32n },
      { size: 2n ** 40n },
    ]
    for (const fields of others)
      expect(
        read(fields),
        JSON.stringify(fields, (_, v) => String(v)),
      ).toBeNull()
    expect(read({}, 8)).toBeNull()
  })
})
