import { describe, expect, it } from 'vitest'
import { openElf } from '../../../formats/dumps/elf.js'
import { writeElf } from '../../../formats/dumps/index.js'
import { buildFdt, type FdtNodeSpec, nativeU64Bytes, stringBytes } from '../../../formats/fdt/index.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { fdtBytes, findRoots, readRoot, readTree } from '../../../src/image/find-roots.js'
import { eachMark, eachMarkBetween, type MarkKind, searchOf } from '../../../src/image/marks.js'

const PAGE = 4096

/** Memory of a few stretches, as an ELF core has it. */
function memoryOf(...segments: { phys: number; content: Uint8Array }[]): PhysicalMemory {
  const parts: Uint8Array[] = []
  writeElf(segments, {}, bytes => {
    parts.push(bytes.slice())
  })
  return openElf(bytesSource(joinBytes(parts))).memory
}

/** So many bytes with others in them at their places. */
function bytesWith(size: number, ...pieces: [at: number, bytes: Uint8Array][]): Uint8Array {
  const bytes = new Uint8Array(size)
  for (const [at, piece] of pieces) bytes.set(piece, at)
  return bytes
}

const fdt = (compatible: Uint8Array | null, children: FdtNodeSpec[] = []) =>
  buildFdt({
    name: '',
    properties: compatible === null ? [] : [{ name: 'compatible', value: compatible }],
    children,
  })
const root = (text = 'kho-v4') => fdt(stringBytes(text))

/** The same with another total size in its header. */
function claiming(bytes: Uint8Array, size: number): Uint8Array {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(4, size)
  return copy
}

const u32 = (...values: number[]) => Uint8Array.from(values.flatMap(n => [n >>> 24, n >>> 16, n >>> 8, n]))

/** A setup_data record that names a root. */
function record(fdtAddress: number, fdtSize = PAGE, type = 10, length = 32): Uint8Array {
  const head = new Uint8Array(16)
  new DataView(head.buffer).setUint32(8, type, true)
  new DataView(head.buffer).setUint32(12, length, true)
  return joinBytes([head, ...[fdtAddress, fdtSize, 0x9000, 16].map(word => nativeU64Bytes(BigInt(word)))])
}

describe('an FDT in memory', () => {
  const BASE = 0x10000
  const at = (content: Uint8Array, address = BASE) => fdtBytes(memoryOf({ phys: BASE, content }), address)

  it('is as long as it says, or the rest of its page where it is not all there, or too large', () => {
    const long = bytesWith(3 * PAGE, [0, claiming(root(), 2 * PAGE + 8)])
    expect(at(long)).toEqual(long.subarray(0, 2 * PAGE + 8))
    const lost = bytesWith(2 * PAGE, [0, claiming(root(), 2 * PAGE + 4)])
    expect(at(lost)).toEqual(lost.subarray(0, PAGE))
    const offset = bytesWith(2 * PAGE, [64, claiming(root(), 2 * PAGE)])
    expect(at(offset, BASE + 64)).toEqual(offset.subarray(64, PAGE))
    const huge = bytesWith(17 * 2 ** 20, [0, claiming(root(), 2 ** 24 + 4)])
    expect(at(huge)).toHaveLength(PAGE)
    expect(at(bytesWith(17 * 2 ** 20, [0, claiming(root(), 2 ** 24)]))).toHaveLength(2 ** 24)
  })

  it('is none without its header, its magic, or a size that has room for that', () => {
    const bytes = root()
    expect(at(bytes.subarray(0, 39))).toBeNull()
    expect(at(bytesWith(PAGE, [1, bytes]))).toBeNull()
    expect(at(bytesWith(PAGE, [0, claiming(bytes, 39)]))).toBeNull()
    expect(at(bytesWith(PAGE, [0, claiming(bytes, 40)]))).toHaveLength(40)
    expect(at(bytes, 0x5000)).toBeNull()
    expect(readTree(memoryOf({ phys: BASE, content: bytesWith(PAGE, [1, bytes]) }), BASE)).toBeNull()
  })

  it('is a root where its compatible names KHO, in any place of the list', () => {
    const compatible = (value: Uint8Array | null) =>
      readRoot(memoryOf({ phys: BASE, content: bytesWith(PAGE, [0, fdt(value)]) }), BASE)?.compatible ?? null
    expect(
      ['kho-v4', 'linux-kho,v1', 'kho-v', 'kho-v9;x'].map(text => compatible(stringBytes(text))),
    ).toEqual(['kho-v4', 'linux-kho,v1', 'kho-v', 'kho-v9;x'])
    expect(compatible(Buffer.from('other\0kho-v3\0kho-v4\0'))).toBe('kho-v3')
    // One that lost its NUL is text all the same.
    expect(compatible(Buffer.from('kho-v4'))).toBe('kho-v4')
    for (const text of ['memblock-v1', 'xkho-v4', 'kho', 'linux-kho'])
      expect(compatible(stringBytes(text)), text).toBeNull()
    expect(compatible(null)).toBeNull()
    const memory = memoryOf({ phys: BASE, content: bytesWith(PAGE, [0, root()]) })
    expect(readRoot(memory, BASE)).toMatchObject({ address: BASE, compatible: 'kho-v4' })
    expect(readTree(memory, BASE)!.root.properties).toHaveLength(1)
  })
})

describe('looking for roots', () => {
  const BASE = 0x100000
  const chosen = (...address: [number, number]) =>
    fdt(stringBytes('machine'), [
      {
        name: 'chosen',
        properties: [
          { name: 'linux,kho-fdt', value: u32(...address, PAGE) },
          { name: 'linux,kho-scratch', value: u32(0, 0x9000, 16) },
        ],
        children: [],
      },
    ])

  it('finds all that begin a page, and what names them', () => {
    const first = BASE + 2 * PAGE
    const content = bytesWith(
      10 * PAGE,
      [2 * PAGE, root()],
      [3 * PAGE + 8, root('kho-v3')],
      [4 * PAGE, chosen(0, first)],
      [5 * PAGE, fdt(stringBytes('memblock-v1'))],
      [6 * PAGE, root('kho-v2')],
      [7 * PAGE + 40, record(first)],
      [8 * PAGE, fdt(stringBytes('nothing of kho-v'))],
    )
    const { roots, handovers } = findRoots(memoryOf({ phys: BASE, content }))
    expect(roots.map(({ address, compatible }) => [address - BASE, compatible])).toEqual([
      [2 * PAGE, 'kho-v4'],
      [6 * PAGE, 'kho-v2'],
    ])
    const scratch = { scratchAddress: 0x9000, scratchSize: 16 }
    expect(handovers).toEqual([
      { kind: 'chosen', address: BASE + 4 * PAGE, fdtAddress: first, fdtSize: PAGE, ...scratch },
      { kind: 'setup-data', address: BASE + 7 * PAGE + 40, fdtAddress: first, fdtSize: PAGE, ...scratch },
    ])
  })

  it('takes no record that names no root, or that is none, and each once', () => {
    const first = BASE + PAGE
    const content = bytesWith(
      6 * PAGE,
      [PAGE, root()],
      [2 * PAGE, record(first + PAGE)],
      [2 * PAGE + 64, record(first, PAGE, 9)],
      [2 * PAGE + 128, record(first, PAGE, 10, 31)],
      [2 * PAGE + 192, record(first, PAGE + 1)],
      [2 * PAGE + 256, record(first)],
    )
    const { handovers } = findRoots(memoryOf({ phys: BASE, content }))
    expect(handovers.map(({ address }) => address - BASE)).toEqual([2 * PAGE + 256])
    const again = findRoots(memoryOf({ phys: BASE, content }), undefined, (_, visit) => {
      for (const at of [-8, BASE + 2 * PAGE + 256, BASE + 2 * PAGE + 256, 0]) visit(at, 'setup-data')
      visit(first, 'fdt')
    })
    expect(again.handovers).toEqual(handovers)
  })

  it('looks for records only where there is a root', () => {
    const passesOf = (content: Uint8Array, more: object = {}) => {
      const memory: PhysicalMemory = { ...memoryOf({ phys: BASE, content }), ...more }
      const asked: MarkKind[][] = []
      const found = findRoots(memory, undefined, (kinds, visit, progress) => {
        asked.push([...kinds])
        searchOf(memory)(kinds, visit, progress)
      })
      return { ...found, asked }
    }
    const rootless = bytesWith(2 * PAGE, [0, record(BASE)])
    const rooted = bytesWith(4 * PAGE, [PAGE, root()], [2 * PAGE, record(BASE + PAGE)])
    const large = { writtenBytes: () => 2 ** 26 + 1 }
    expect(passesOf(rootless, large)).toEqual({ roots: [], handovers: [], asked: [['fdt']] })
    const twice = passesOf(rooted, large)
    expect(twice.asked).toEqual([['fdt'], ['setup-data']])
    expect(twice.handovers).toHaveLength(1)
    // Little is passed over once.
    const once = passesOf(rooted, { writtenBytes: () => 2 ** 26 })
    expect(once).toEqual({ ...twice, asked: [['fdt', 'setup-data']] })
    expect(passesOf(rootless)).toEqual({ roots: [], handovers: [], asked: [['fdt', 'setup-data']] })
    // Page heads are not enough for records.
    const heads = { pageHeads: (each: (phys: number, head: Uint8Array) => void) => each(BASE + PAGE, root()) }
    expect(passesOf(rooted, heads)).toEqual({ ...twice, asked: [['fdt'], ['setup-data']] })
  })

  it('passes over little memory once more where there are very many records', () => {
    const many = 2 ** 16 + 1
    const content = bytesWith(PAGE * 3 + many * 32, [PAGE, root()])
    const head = record(0).subarray(0, 16)
    for (let n = 0; n < many; n++) content.set(head, PAGE * 2 + n * 32)
    content.set(record(BASE + PAGE), PAGE * 2 + (many - 1) * 32)
    let passes = 0
    const memory = memoryOf({ phys: BASE, content })
    const { handovers } = findRoots(memory, undefined, (kinds, visit, progress) => {
      passes++
      searchOf(memory)(kinds, visit, progress)
    })
    expect(passes).toBe(2)
    expect(handovers.map(({ address }) => address - BASE)).toEqual([PAGE * 2 + (many - 1) * 32])
  })

  it('says how far it is, of what there is as far as memory knows that', () => {
    const content = bytesWith(8 * PAGE, [PAGE, root()])
    const memory = memoryOf({ phys: BASE, content })
    const lastOf = (counts: object) => {
      const seen: [number, number][] = []
      findRoots({ ...memory, ...counts } as PhysicalMemory, (done, total) => seen.push([done, total]))
      return seen.at(-1)
    }
    const none = { writtenBytes: undefined, presentBytes: undefined, inputSize: 7 }
    expect(lastOf(none)).toEqual([8 * PAGE, 7])
    expect(lastOf({ ...none, presentBytes: 8 })).toEqual([8 * PAGE, 8])
    expect(lastOf({ ...none, presentBytes: 8, writtenBytes: () => 9 })).toEqual([8 * PAGE, 9])
  })
})

describe('marks', () => {
  const MAGIC = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed)
  const MARK = Uint8Array.of(10, 0, 0, 0, 32, 0, 0, 0)
  const blocks = (...list: [phys: number, bytes: Uint8Array][]) => ({
    blocks: () => list.map(([phys, bytes]) => ({ phys, bytes })) as never,
  })
  const marksIn = (kind: MarkKind, ...list: [phys: number, bytes: Uint8Array][]) => {
    const found: number[] = []
    const passed: number[] = []
    const edges = eachMark(
      kind,
      blocks(...list),
      address => found.push(address),
      bytes => passed.push(bytes),
    )
    return { found, edges, passed }
  }

  it('of FDTs begin a page, wherever the block begins that they are in', () => {
    const at = (phys: number, length: number, ...places: number[]) =>
      marksIn('fdt', [
        phys,
        bytesWith(length, ...places.map((place): [number, Uint8Array] => [place, MAGIC])),
      ]).found
    expect(at(0x8000, 3 * PAGE, 0, 8, PAGE, 2 * PAGE - 4, 2 * PAGE)).toEqual([0x8000, 0x9000, 0xa000])
    expect(at(0x8008, 3 * PAGE, 0, PAGE - 8, PAGE)).toEqual([0x9000])
    expect(at(0x8ff0, 20, 16)).toEqual([0x9000])
    // All four bytes must be there.
    expect(at(0x8ff0, 24, 16)).toEqual([0x9000])
    expect(marksIn('fdt', [0x8ff0, bytesWith(20, [16, MAGIC]).subarray(0, 19)]).found).toEqual([])
    for (let n = 0; n < 4; n++) {
      const broken = MAGIC.slice()
      broken[n]! ^= 1
      expect(marksIn('fdt', [0x8000, broken]).found).toEqual([])
    }
    const { edges, passed } = marksIn('fdt', [0x8000, new Uint8Array(64)], [0xa000, new Uint8Array(32)])
    expect([edges, passed]).toEqual([{ first: -1, end: -1 }, [64, 32]])
  })

  it('of records lie at any word, and name what begins eight bytes before', () => {
    const at = (phys: number, ...places: number[]) =>
      marksIn('setup-data', [
        phys,
        bytesWith(64, ...places.map((place): [number, Uint8Array] => [place, MARK])),
      ]).found
    expect(at(0x8000, 0, 12, 56)).toEqual([0x8000 - 8, 0x8004, 0x8030])
    expect(at(0x8000, 2)).toEqual([])
    expect(at(0x8001, 3, 16)).toEqual([0x8004 - 8])
    expect(at(0x8003, 1)).toEqual([0x8004 - 8])
    const half = bytesWith(64, [8, MARK.subarray(0, 4)], [24, MARK.subarray(4)])
    expect(marksIn('setup-data', [0x8000, half]).found).toEqual([])
  })

  it('of records may lie in two blocks that go on one another', () => {
    const bytes = bytesWith(64, [28, MARK])
    for (const cut of [29, 31, 32, 33, 35]) {
      const first = bytes.subarray(0, cut)
      const second = bytes.slice(cut)
      const halves = (gap: number) => marksIn('setup-data', [0x8000, first], [0x8000 + cut + gap, second])
      expect(halves(0).found).toEqual([0x8000 + 20])
      expect(halves(4).found).toEqual([])
      expect(halves(0).edges).toEqual({ first: 0x8000, end: 0x8040 })
      // The same where the two are of two passes.
      const [before, after] = [first, second].map((part, n) =>
        marksIn('setup-data', [0x8000 + n * cut, part]),
      )
      const memory = memoryOf({ phys: 0x8000, content: bytes })
      const found: number[] = []
      const between = (kind: MarkKind, moved = 0) =>
        eachMarkBetween(
          kind,
          memory,
          { ...before!.edges, end: before!.edges.end + moved },
          after!.edges,
          address => found.push(address),
        )
      between('fdt')
      between('setup-data', 4)
      eachMarkBetween('setup-data', memory, { first: 0, end: -1 }, { first: -1, end: 0 }, () => found.push(0))
      expect(found).toEqual([])
      between('setup-data')
      expect(found).toEqual([0x8000 + 20])
    }
  })

  it('at no word are none where blocks meet either, and blocks of a few bytes have no neighbours', () => {
    const bytes = bytesWith(64, [30, MARK])
    expect(marksIn('setup-data', [0x8000, bytes.subarray(0, 32)], [0x8020, bytes.slice(32)]).found).toEqual(
      [],
    )
    const small = new Uint8Array(6)
    expect(marksIn('setup-data', [0x8000, small], [0x8006, small]).edges).toEqual({ first: -1, end: -1 })
    expect(marksIn('setup-data').edges).toEqual({ first: -1, end: -1 })
    const seven = new Uint8Array(7)
    expect(marksIn('setup-data', [0x8000, seven]).edges).toEqual({ first: 0x8000, end: 0x8007 })
    const mixed = marksIn('setup-data', [0x8000, small], [0x8006, seven])
    expect(mixed.edges).toEqual({ first: -1, end: 0x800d })
    expect(marksIn('setup-data', [0x8000, seven], [0x8007, small]).edges.end).toBe(-1)
  })

  it('are those of page heads where a memory has them', () => {
    const found: number[] = []
    const passed: number[] = []
    const heads = [MAGIC, new Uint8Array(4), MAGIC]
    const pass = {
      blocks: () => expect.unreachable(),
      pageHeads: (each: (phys: number, head: Uint8Array) => void) => {
        for (let n = 0; n < 4096 * 2 + 5; n++) each(n * PAGE, heads[n] ?? heads[1]!)
      },
    }
    eachMark(
      'fdt',
      pass as never,
      address => found.push(address),
      bytes => passed.push(bytes),
    )
    expect([found, passed]).toEqual([
      [0, 2 * PAGE],
      [2 ** 24, 2 ** 24],
    ])
  })
})
