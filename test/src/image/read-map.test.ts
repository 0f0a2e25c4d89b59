import { describe, expect, it } from 'vitest'
import type { AbiName } from '../../../formats/kernels/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import type { FoundRoot } from '../../../src/image/find-roots.js'
import { readMap } from '../../../src/image/read-map.js'
import { RAM, soundMap } from './made-map.js'

const PAGE = 4096
type Made = ReturnType<typeof soundMap>

function judged(
  made: Made,
  { memory = made.memory, found = made.found }: { memory?: PhysicalMemory; found?: FoundRoot } = {},
) {
  const { state, reason, lacksRootPage } = readMap(memory, found, geometry(12))
  return [state, reason, lacksRootPage]
}

/** A memory that lacks pages, or has other u64s at some places. */
function changed(
  { memory }: Made,
  { absent = [], words = [] }: { absent?: number[]; words?: [at: number, value: bigint][] },
): PhysicalMemory {
  return {
    ...memory,
    read(phys, length) {
      if (absent.some(page => phys < page + PAGE && phys + length > page))
        return { ok: false, reason: 'excluded', address: phys }
      const read = memory.read(phys, length)
      if (!read.ok) return read
      const bytes = read.bytes.slice()
      for (const [at, value] of words)
        if (at >= phys && at + 8 <= phys + length)
          new DataView(bytes.buffer).setBigUint64(at - phys, value, true)
      return { ...read, bytes }
    },
  }
}

/** The root with another pointer to its map. */
function pointingAt({ found }: Made, value: bigint): FoundRoot {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  const properties = found.fdt.root.properties.map(property =>
    property.name === 'compatible' ? property : { ...property, value: bytes },
  )
  return { ...found, fdt: { ...found.fdt, root: { ...found.fdt.root, properties } } }
}

const elsewhere = ({ found }: Made, fdt = found.fdt): FoundRoot => ({
  ...found,
  fdt,
  address: RAM.end - PAGE,
})

/** A slot of a table of the map in which nothing is, or the page of a leaf. */
const places = ({ reading: { decode } }: Made) => {
  const table = decode.nodes.find(({ kind }) => kind === 'table')!
  return { slot: table.address + PAGE - 8, leaf: decode.nodes.find(({ kind }) => kind === 'leaf')!.address }
}

describe('a map', () => {
  it.each(['kho-v4', 'kho-v1-page', 'v5', 'mem4'] as const)('is alive where it holds together: %s', name => {
    const [state, , lacks] = judged(soundMap(name))
    expect([state, lacks]).toEqual(['live', false])
  })

  it('is absent where nothing leads to it, or its first page is not in the dump', () => {
    const made = soundMap('kho-v4')
    const none = {
      ...made.found,
      fdt: { ...made.found.fdt, root: { ...made.found.fdt.root, properties: [] } },
    }
    expect(judged(made, { found: none }).slice(0, 2)).toEqual([
      'absent',
      'the root FDT has no property that names a tracker',
    ])
    const zero = (name: AbiName) => {
      const map = soundMap(name)
      return judged(map, { found: pointingAt(map, 0n) }).slice(0, 2)
    }
    expect(zero('kho-v4')).toEqual(['absent', 'the map pointer is 0'])
    expect(zero('kho-v1-page')).toEqual([
      'absent',
      'the map pointer is 0: not finalized, or nothing preserved',
    ])
    const [first] = made.reading.root.addresses
    expect(judged(made, { memory: changed(made, { absent: [first!] }) }).slice(0, 2)).toEqual([
      'absent',
      `the tracker's first page 0x${first!.toString(16)} is not in the dump`,
    ])
  })

  it('is alive where its pointer leads nowhere: that was never a better one', () => {
    const made = soundMap('kho-v4')
    for (const value of [2n ** 63n, 1n, 2n ** 52n])
      expect(judged(made, { found: pointingAt(made, value) }).slice(0, 2)).toEqual([
        'live',
        'the map pointer leads nowhere',
      ])
  })

  it('is partial where some of its pages are not in the dump', () => {
    const made = soundMap('kho-v4')
    expect(judged(made, { memory: changed(made, { absent: [places(made).leaf] }) })).toEqual([
      'partial',
      '1 pages of the tracker are not in the dump',
      true,
    ])
  })

  it('is alive with pointers that are bad, while it has the page of its root, and else overwritten', () => {
    const made = soundMap('kho-v4')
    const memory = changed(made, { words: [[places(made).slot, 2n ** 63n]] })
    expect(judged(made, { memory })).toEqual(['live', '1 pointers of the tracker are bad', false])
    expect(judged(made, { memory, found: elsewhere(made) })).toEqual([
      'stale',
      '1 pointers lead nowhere, and the page of the root FDT is not in the map: overwritten since it was read',
      true,
    ])
  })

  it('without the page of its root is alive while it has that of a blob, or there is none', () => {
    const lacks = 'the page of the root FDT is not in its own map'
    const made = soundMap('kho-v4')
    expect(judged(made, { found: elsewhere(made) })).toEqual(['live', lacks, true])
    // Of two blobs one is enough.
    const two = made.treeWith(made.child('lost', RAM.start + 3 * PAGE))
    expect(made.preserved).not.toContain(RAM.start + 3 * PAGE)
    expect(judged(made, { found: elsewhere(made, two) })).toEqual(['live', lacks, true])
    const bare = soundMap('kho-v4', { bare: true })
    expect(judged(bare, { found: elsewhere(bare) })).toEqual(['live', lacks, true])
    const lost = bare.treeWith(bare.child('lost', RAM.start + 3 * PAGE))
    expect(judged(bare, { found: elsewhere(bare, lost) })).toEqual([
      'stale',
      `${lacks}, nor is any blob of it`,
      true,
    ])
  })

  it('without anything in it is of another moment, where roots are preserved', () => {
    const made = soundMap('kho-v4')
    const words = made.reading.decode.nodes
      .filter(({ kind }) => kind === 'leaf')
      .flatMap(({ address }) =>
        Array.from({ length: 512 }, (_, n): [number, bigint] => [address + n * 8, 0n]),
      )
    const memory = changed(made, { words })
    expect(judged(made, { memory })).toEqual([
      'stale',
      'the page of the root FDT is not in its own map, which is empty',
      true,
    ])
    const old = soundMap('v5')
    expect(judged(old, { found: elsewhere(old) })).toEqual(['live', null, false])
  })
})
