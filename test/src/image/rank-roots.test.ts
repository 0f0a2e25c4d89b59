import { describe, expect, it } from 'vitest'
import { encodeKexecMetadata } from '../../../formats/blobs/index.js'
import { buildFdt, nativeU64Bytes, readFdt, stringBytes } from '../../../formats/fdt/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { createPageSet } from '../../../formats/pages/page-set.js'
import type { FoundHandover } from '../../../src/image/find-roots.js'
import { rankRoots } from '../../../src/image/rank-roots.js'
import type { MapReading } from '../../../src/image/read-map.js'
import type { TrackerState } from '../../../src/image/state.js'

const GEOMETRY = geometry(12)
const builder = createMemoryBuilder({ geometry: GEOMETRY, ram: [{ start: 2 ** 20, end: 2 ** 24 }] })
const allocator = { allocate: (pages: number) => builder.allocate(pages) }

/** A candidate with a kexec_count of its own, or none. */
function root(address: number, kexecCount: number | null, state: TrackerState = 'live') {
  const metadata = () => {
    const place = encodeKexecMetadata(allocator, { previousRelease: '7.2', kexecCount: kexecCount! })
    const properties = [
      { name: 'preserved-data', value: nativeU64Bytes(BigInt(place.address)) },
      { name: 'blob-size', value: nativeU64Bytes(BigInt(place.size)) },
    ]
    return [{ name: 'kexec-metadata', properties, children: [] }]
  }
  const properties = [{ name: 'compatible', value: stringBytes('kho-v4') }]
  const fdt = readFdt(buildFdt({ name: '', properties, children: kexecCount === null ? [] : metadata() }))
    .tree!
  const reading: MapReading = {
    geometry: GEOMETRY,
    abi: 'kho-v4',
    abiReason: null,
    options: { geometry: GEOMETRY },
    root: { addresses: [address + 0x1000] },
    decode: { pages: createPageSet(12), nodes: [], faults: [], badPointers: 0, absentNodes: 0 },
    state,
    reason: null,
    lacksRootPage: false,
  }
  return { found: { address, fdt, compatible: 'kho-v4' }, choice: { reading, reason: '' }, given: false }
}

function record(fdtAddress: number): FoundHandover {
  const scratch = { scratchAddress: 0x9000, scratchSize: 16 }
  return { kind: 'setup-data', address: 0x8000, fdtAddress, fdtSize: 4096, ...scratch }
}

function order(roots: ReturnType<typeof root>[], handovers: FoundHandover[] = []) {
  return rankRoots(builder.memory(), roots, handovers).map(({ candidate }) => [
    candidate.address,
    candidate.direction,
  ])
}

describe('ranking roots', () => {
  it('puts the newest count first; one less is incoming, and older ones are neither', () => {
    const roots = [root(0x1000, 3), root(0x2000, 5), root(0x3000, 4), root(0x4000, 2)]
    expect(order(roots)).toEqual([
      [0x2000, 'outgoing'],
      [0x3000, 'incoming'],
      [0x1000, 'unknown'],
      [0x4000, 'unknown'],
    ])
    expect(order([...roots].reverse())).toEqual(order(roots))
  })

  it('puts the state of the tracker above the count, and the count above a record', () => {
    const states = ['absent', 'stale', 'partial', 'live'] as const
    const roots = states.map((state, n) => root(0x1000 * (n + 1), 9 - n, state))
    expect(order(roots).map(([address]) => address)).toEqual([0x4000, 0x3000, 0x2000, 0x1000])
    const two = [root(0x1000, 1), root(0x2000, 2)]
    expect(order(two, [record(0x1000)])[0]).toEqual([0x2000, 'outgoing'])
  })

  it('puts one that a record names before one that none does, then the lower address', () => {
    const two = [root(0x2000, null), root(0x1000, null), root(0x3000, null)]
    expect(order(two).map(([address]) => address)).toEqual([0x1000, 0x2000, 0x3000])
    expect(order(two, [record(0x3000)])[0]![0]).toBe(0x3000)
  })
})
