import { describe, expect, it } from 'vitest'
import { type FdtNodeSpec, nativeU64Bytes } from '../../../formats/fdt/index.js'
import { fault } from '../../../formats/memory/fault.js'
import { addBlock, createPageSet } from '../../../formats/pages/page-set.js'
import type { TrackerDecode, TrackerNode } from '../../../formats/trackers/tracker.js'
import { flawsOf, isNoAccident, luckOf, type ReadAs } from '../../../src/image/map-evidence.js'
import { RAM, soundMap } from './made-map.js'

const PAGE = 4096
type Sound = ReturnType<typeof soundMap>

/** What speaks against a map that was decoded in another way. */
function against(sound: Sound, changed: Partial<TrackerDecode>, more: Partial<ReadAs> = {}) {
  const { memory, found, reading } = sound
  return flawsOf(memory, found, { ...reading, ...more, decode: { ...reading.decode, ...changed } })
}

function pagesWithout(sound: Sound, ...gone: number[]) {
  const pages = createPageSet(12)
  for (const address of sound.preserved) if (!gone.includes(address)) addBlock(pages, address, 0)
  return pages
}

const node = (more: Partial<TrackerNode>): TrackerNode => ({
  ...{ address: RAM.end - PAGE, kind: 'leaf', level: 0, order: 0, start: 0, size: PAGE },
  ...more,
})

describe('what speaks against a map', () => {
  it.each(['kho-v4', 'kho-v1-page', 'v5'] as const)('is nothing where it holds together: %s', name => {
    const sound = soundMap(name)
    expect(against(sound, {})).toEqual({ first: null, count: 0 })
    // Neither that it lacks the page of its root, where kernels do not preserve it.
    const unkept = { ...sound.reading.abi, fdtPreserved: false }
    const pages = pagesWithout(sound, sound.root)
    expect(against(sound, { pages }, { abi: unkept })).toEqual({ first: null, count: 0 })
  })

  it('is that it lacks pages of the root, of blobs and of regions', () => {
    const sound = soundMap('kho-v4')
    const region = `it lacks the region at 0x${sound.data.toString(16)}`
    const less = (...gone: number[]) => against(sound, { pages: pagesWithout(sound, ...gone) })
    expect(less(sound.root)).toEqual({ first: 'it lacks the page of the root FDT', count: 1 })
    expect(less(sound.blob.address)).toEqual({ first: 'it lacks the page of the blob memblock', count: 1 })
    expect(less(sound.data)).toEqual({ first: region, count: 1 })
    expect(less(sound.root, sound.data, sound.blob.address)).toEqual({
      first: 'it lacks the page of the root FDT',
      count: 3,
    })
    // The page of the root is a block of its own; others may be in a larger one.
    const pages = createPageSet(12)
    addBlock(pages, RAM.start, 13)
    expect(against(sound, { pages, nodes: [] })).toEqual({
      first: 'it lacks the page of the root FDT',
      count: 1,
    })
  })

  it('is that it lacks memory that a node of the root names itself, or a blob that nobody knows', () => {
    const sound = soundMap('kho-v4')
    const mem = (...words: bigint[]): FdtNodeSpec => ({
      name: 'inline',
      properties: [{ name: 'mem', value: Buffer.concat(words.map(word => nativeU64Bytes(word))) }],
      children: [],
    })
    const withChild = (...children: FdtNodeSpec[]) =>
      flawsOf(sound.memory, { ...sound.found, fdt: sound.treeWith(...children) }, sound.reading)
    const [good, bad] = [BigInt(sound.data), BigInt(RAM.start + 5 * PAGE)]
    expect(sound.preserved).not.toContain(Number(bad))
    expect(withChild(mem(good, 16n))).toEqual({ first: null, count: 0 })
    expect(withChild(mem(bad, 16n))).toEqual({
      first: `it lacks the region at 0x${bad.toString(16)}`,
      count: 1,
    })
    for (const odd of [mem(0n, 16n), mem(2n ** 52n, 16n), mem()]) expect(withChild(odd).count).toBe(0)
    expect(withChild(mem(2n ** 52n - 4096n)).count).toBe(1)
    expect(withChild(sound.child('other', Number(bad)), sound.child('third', 0))).toEqual({
      first: 'it lacks the page of the blob other',
      count: 1,
    })
  })

  it('counts of regions the first 64', () => {
    const sound = soundMap('kho-v4')
    const lacking = (count: number) => {
      const children = Array.from({ length: count }, (_, n) => ({
        name: `r${n}`,
        properties: [{ name: 'mem', value: nativeU64Bytes(BigInt(RAM.end + n * PAGE)) }],
        children: [],
      }))
      // One more, and that is there, comes first.
      return flawsOf(sound.memory, { ...sound.found, fdt: sound.treeWith(...children) }, sound.reading).count
    }
    expect([lacking(62), lacking(63), lacking(64), lacking(70)]).toEqual([62, 63, 63, 63])
  })

  it('is pointers that lead nowhere, each; a map of which nothing was read has the most of all', () => {
    const sound = soundMap('kho-v4')
    expect(against(sound, { badPointers: 2 })).toEqual({
      first: 'it has 2 pointers that lead nowhere',
      count: 2,
    })
    expect(against(sound, { badPointers: 1, absentNodes: 2 }).count).toBe(3)
    expect(against(sound, { absentNodes: 1 }).first).toBe('it has 1 pointers that lead nowhere')
    const pages = pagesWithout(sound, sound.root)
    expect(against(sound, { badPointers: 1, pages }).first).toBe('it lacks the page of the root FDT')
    expect(against(sound, { badPointers: 1, nodes: [] }).count).toBeGreaterThan(2 ** 39)
    expect(against(sound, { nodes: [] }).count).toBe(0)
  })

  it('is what the decoder found odd, once, where that is no pointer', () => {
    const sound = soundMap('kho-v4')
    const faults = [fault('RADIX-BIT', 'a bit too many', 0), fault('RADIX-BIT', 'another', 0)]
    expect(against(sound, { faults })).toEqual({ first: 'it has a fault: a bit too many', count: 1 })
    expect(against(sound, { faults, badPointers: 1 }).count).toBe(1)
    expect(against(sound, { faults, absentNodes: 1 }).count).toBe(1)
  })

  it('is bitmaps that begin inside the span of one of their size', () => {
    const sound = soundMap('kho-v4')
    const bitmap = (start: number | null, order: number | null = 0, more: Partial<TrackerNode> = {}) =>
      node({ kind: 'bitmap', start, order, ...more })
    const at = (...nodes: TrackerNode[]) =>
      against(sound, { nodes: nodes.map((one, n) => ({ ...one, address: RAM.end - (n + 1) * PAGE })) })
    const span = 2 ** (15 + 12)
    expect(at(bitmap(0), bitmap(span), bitmap(5 * span), bitmap(null), bitmap(1, null)).count).toBe(0)
    expect(at(bitmap(span / 2), bitmap(span + PAGE), bitmap(span))).toEqual({
      first: '2 of its bitmaps begin inside the span of a bitmap',
      count: 1,
    })
    // A larger order, or a smaller bitmap, spans as much as its bits stand for.
    expect(at(bitmap(span, 1)).count).toBe(1)
    expect(at(bitmap(2 * span, 1)).count).toBe(0)
    expect(at(bitmap(span / 8, 0, { size: 512 })).count).toBe(0)
    expect(at(bitmap(span / 16, 0, { size: 512 })).count).toBe(1)
    // Orders that no address has, and nodes of other kinds, have no span.
    expect([at(bitmap(5, 39)).count, at(bitmap(5, 40)).count, at(node({ start: 5 })).count]).toEqual([
      1, 0, 0,
    ])
  })

  it('is pages of the map that lie in one another, in whatever order they come', () => {
    const sound = soundMap('kho-v4')
    const at = (...places: [address: number, size: number][]) =>
      against(sound, { nodes: places.map(([address, size]) => node({ address: RAM.end - address, size })) })
    expect(at([PAGE, PAGE], [3 * PAGE, 2 * PAGE]).count).toBe(0)
    expect(at([PAGE, PAGE], [3 * PAGE, 2 * PAGE + 8])).toEqual({
      first: 'pages of the map lie in one another',
      count: 1,
    })
    expect(at([2 * PAGE, 512], [2 * PAGE - 512, 512], [2 * PAGE - 256, 256]).count).toBe(1)
    expect(at([PAGE, PAGE], [PAGE, PAGE]).count).toBe(1)
    expect(at([PAGE, PAGE]).count).toBe(0)
  })

  it('is something behind what a chunk counts', () => {
    const sound = soundMap('kho-v1-page')
    const { memory, reading, found } = sound
    const chunk = reading.decode.nodes.find(({ kind }) => kind === 'chunk')!
    const dirty = (at: number, kind: TrackerNode['kind'] = 'chunk') => {
      const patched = {
        ...memory,
        read(phys: number, length: number) {
          const read = memory.read(phys, length)
          if (!read.ok || phys > chunk.address + at || phys + length <= chunk.address + at) return read
          const bytes = read.bytes.slice()
          bytes[chunk.address + at - phys] = 1
          return { ...read, bytes }
        },
      }
      const nodes = reading.decode.nodes.map(one => (one === chunk ? { ...one, kind } : one))
      return flawsOf(patched, found, { ...reading, decode: { ...reading.decode, nodes } })
    }
    const expected = { first: '1 of its chunks hold something behind their last entry', count: 1 }
    expect(dirty(PAGE - 1)).toEqual(expected)
    // A header of 16 bytes and one entry of 16.
    expect(dirty(32)).toEqual(expected)
    expect(dirty(31)).toEqual({ first: null, count: 0 })
    expect(dirty(PAGE - 1, 'table')).toEqual({ first: null, count: 0 })
  })

  it('is blocks where no memory is, each counted in words', () => {
    const sound = soundMap('kho-v4')
    const withBlocks = (...blocks: [address: number, order: number][]) => {
      const pages = pagesWithout(sound)
      for (const [address, order] of blocks) addBlock(pages, address, order)
      return against(sound, { pages })
    }
    expect(withBlocks([RAM.end, 0], [RAM.start - PAGE, 0], [2 ** 40, 3])).toEqual({
      first: '3 blocks of it are not in the memory that the dump knows of',
      count: 1,
    })
    expect(withBlocks([0, 0]).count).toBe(1)
    expect(withBlocks([2 ** 52 - PAGE, 0]).count).toBe(1)
  })

  it('is blocks that overlap, or that cover pages of the map, unless pointers are wrong anyway', () => {
    const sound = soundMap('kho-v4')
    const twice = pagesWithout(sound)
    addBlock(twice, sound.root - (sound.root % (2 * PAGE)), 1)
    expect(against(sound, { pages: twice })).toEqual({ first: 'its blocks overlap one another', count: 1 })
    expect(against(sound, { pages: twice, badPointers: 1 }).count).toBe(1)
    const [first] = sound.reading.decode.nodes
    const own = pagesWithout(sound)
    addBlock(own, first!.address, 0)
    const covers = { first: 'its blocks cover pages of the map itself', count: 1 }
    expect(against(sound, { pages: own })).toEqual(covers)
    const nodes = [node({ address: sound.root + PAGE - 256, size: 256 })]
    expect(against(sound, { nodes })).toEqual(covers)
    const next = sound.preserved.includes(sound.root + PAGE)
    expect(against(sound, { nodes: [node({ address: sound.root + PAGE, size: 256 })] }).count).toBe(
      next ? 1 : 0,
    )
  })
})

describe('luck', () => {
  const decodeOf = (...nodes: TrackerNode[]): TrackerDecode => ({
    ...{ pages: createPageSet(12), nodes, faults: [], badPointers: 0, absentNodes: 0 },
  })

  it('is needed for each page of the map, and each start of a bitmap', () => {
    const bitmap = (address: number, start: number | null, order = 0) =>
      node({ kind: 'bitmap', address, start, order })
    const nodes = [
      node({ kind: 'table', address: PAGE }),
      node({ kind: 'chunk', address: 2 * PAGE }),
      // The same page again, and one that is no page.
      node({ kind: 'chunk', address: 2 * PAGE }),
      node({ kind: 'leaf', address: 3 * PAGE, size: 512 }),
    ]
    expect(luckOf(decodeOf(...nodes), 1)).toBe(2)
    expect(luckOf(decodeOf(...nodes), 3)).toBe(6)
    expect(luckOf(decodeOf(...nodes), 1, ['chunk'])).toBe(1)
    expect(luckOf(decodeOf(node({ kind: 'array' }), node({ kind: 'leaf', address: PAGE })), 2)).toBe(4)
    // Starts count by order, 0 and none do not.
    const starts = [bitmap(PAGE, 0), bitmap(2 * PAGE, null), bitmap(3 * PAGE, 8), bitmap(4 * PAGE, 8)]
    expect(luckOf(decodeOf(...starts), 1)).toBe(5)
    expect(luckOf(decodeOf(...starts, bitmap(5 * PAGE, 8, 1)), 1)).toBe(7)
    expect(luckOf(decodeOf(...starts), 1, ['table'])).toBe(1)
    expect(luckOf(decodeOf(node({ kind: 'table', start: 8, address: PAGE })), 1, ['chunk'])).toBe(0)
  })

  it('is had by less than one map in a thousand from ten bits on', () => {
    expect([9, 10, 11].map(isNoAccident)).toEqual([false, true, true])
  })
})
