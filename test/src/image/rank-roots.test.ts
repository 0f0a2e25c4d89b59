import { describe, expect, it } from 'vitest'
import { encodeKexecMetadata } from '../../../formats/blobs/index.js'
import { buildFdt, nativeU64Bytes, readFdt, stringBytes } from '../../../formats/fdt/index.js'
import { KHO_SCRATCH } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
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
  return {
    found: { address, fdt, compatible: 'kho-v4' },
    choice: { reading, reason: '', certainty: 'shown' as const },
    given: false,
  }
}

function record(fdtAddress: number): FoundHandover {
  const scratch = { scratchAddress: 0x9000, scratchSize: 16 }
  return { kind: 'setup-data', address: 0x8000, fdtAddress, fdtSize: 4096, ...scratch }
}

/** A record with a scratch array that is in place, in memory of its own. */
function recordInPlace(fdtAddress: number): FoundHandover {
  const array = allocator.allocate(1)
  KHO_SCRATCH.write(array.bytes, 0, { addr: 2 ** 20, size: 0x200000n })
  return { ...record(fdtAddress), scratchAddress: array.address, scratchSize: KHO_SCRATCH.size }
}

/** Where a root's map begins: 0 before finalize. */
function mapAt(candidate: ReturnType<typeof root>, address: number | null) {
  const { choice } = candidate
  const reading = { ...choice.reading, root: address === null ? null : { addresses: [address] } }
  return { ...candidate, choice: { ...choice, reading } }
}

/** The same, with a map that lacks the page of its own root. */
function lacking(candidate: ReturnType<typeof root>) {
  const { choice } = candidate
  const reason = 'the page of the root FDT is not in its own map'
  return { ...candidate, choice: { ...choice, reading: { ...choice.reading, lacksRootPage: true, reason } } }
}

function states(roots: ReturnType<typeof root>[], handovers: FoundHandover[] = []) {
  const ranked = rankRoots(builder.memory(), roots, handovers)
  return ranked.map(({ candidate }) => [candidate.address, candidate.state, candidate.direction])
}

function directions(roots: ReturnType<typeof root>[], handovers: FoundHandover[] = []) {
  return Object.fromEntries(order(roots, handovers).map(([address, direction]) => [address, direction]))
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

  it('looks at counts only where two of them differ', () => {
    // Alike, or alone: what a record says of the scratch array decides.
    expect(directions([root(0x1000, 3), root(0x2000, 3)], [record(0x1000)])).toEqual({
      4096: 'outgoing',
      8192: 'unknown',
    })
    expect(directions([root(0x1000, 3)])).toEqual({ 4096: 'unknown' })
    // One without a count is judged by its records, beside those with counts.
    const mixed = [root(0x1000, 3), root(0x2000, 4), root(0x3000, null)]
    expect(directions(mixed, [record(0x3000)])).toEqual({
      4096: 'incoming',
      8192: 'outgoing',
      12288: 'outgoing',
    })
  })

  it('takes a root for the next kernel while its scratch array is not in place, and for this one when it is', () => {
    expect(directions([root(0x1000, null)], [record(0x1000)])).toEqual({ 4096: 'outgoing' })
    expect(directions([root(0x1000, null)], [recordInPlace(0x1000)])).toEqual({ 4096: 'incoming' })
    const both = [record(0x1000), recordInPlace(0x1000)]
    expect(directions([root(0x1000, null)], both)).toEqual({ 4096: 'incoming' })
    // Records of others say nothing.
    expect(directions([root(0x1000, null)], [recordInPlace(0x2000)])).toEqual({ 4096: 'unknown' })
  })

  it('takes the live one of two without counts for outgoing, and the other for incoming where a record names it', () => {
    for (const state of ['stale', 'partial'] as const) {
      const two = [root(0x1000, null), root(0x2000, null, state)]
      expect(directions(two, [record(0x2000)])).toEqual({ 4096: 'outgoing', 8192: 'incoming' })
      expect(directions(two, [record(0x1000)])).toEqual({ 4096: 'outgoing', 8192: 'unknown' })
    }
    // Two that are alike are no rivals.
    const alike = [root(0x1000, null, 'stale'), root(0x2000, null, 'stale')]
    expect(directions(alike, [recordInPlace(0x1000)])).toEqual({ 4096: 'incoming', 8192: 'unknown' })
  })

  it('takes a root whose map is not made yet for outgoing', () => {
    const absent = root(0x1000, null, 'absent')
    expect(directions([mapAt(absent, 0)])).toEqual({ 4096: 'outgoing' })
    expect(directions([mapAt(absent, 0)], [recordInPlace(0x1000)])).toEqual({ 4096: 'outgoing' })
    expect(directions([mapAt(absent, 0x5000)])).toEqual({ 4096: 'unknown' })
    expect(directions([mapAt(absent, null)])).toEqual({ 4096: 'unknown' })
    expect(directions([mapAt(root(0x1000, null, 'stale'), 0)])).toEqual({ 4096: 'unknown' })
  })

  it('says what spoke for each, in the order in which it was met', () => {
    const given = { ...root(0x1000, 3), given: true }
    const place = recordInPlace(0x1000)
    const chosen: FoundHandover = { ...record(0x1000), kind: 'chosen', address: 0xa000 }
    const [ranked] = rankRoots(builder.memory(), [given], [record(0x2000), place, chosen])
    expect(ranked!.candidate.evidence).toEqual([
      { kind: 'given', message: 'address given on the command line', address: null },
      { kind: 'scan', message: 'FDT with compatible kho-v4', address: 0x1000 },
      { kind: 'setup-data', message: 'setup_data record at 0x8000 names it', address: 0x8000 },
      {
        kind: 'scratch',
        message: `scratch array at ${hex(place.scratchAddress)} is in place`,
        address: place.scratchAddress,
      },
      { kind: 'chosen', message: 'device tree at 0xa000 names it', address: 0xa000 },
      {
        kind: 'scratch',
        message: 'scratch array at 0x9000 is not in the dump (outside)',
        address: 0x9000,
      },
      { kind: 'tracker', message: 'tracker live', address: 0x2000 },
      { kind: 'kexec-count', message: 'kexec-metadata says count 3', address: null },
    ])
  })

  it('says why a tracker is not alive, and nothing of a count or an address that there is not', () => {
    const { choice, ...rest } = mapAt(root(0x1000, null, 'stale'), null)
    const stale = { ...rest, choice: { ...choice, reading: { ...choice.reading, reason: 'overwritten' } } }
    const [ranked] = rankRoots(builder.memory(), [stale], [])
    expect(ranked!.candidate.evidence).toEqual([
      { kind: 'scan', message: 'FDT with compatible kho-v4', address: 0x1000 },
      { kind: 'tracker', message: 'tracker stale: overwritten', address: null },
    ])
    expect(ranked!.kexecCount).toBeNull()
  })

  it('takes no count from a child that is not in the dump', () => {
    const lost = root(0x1000, 3)
    const place = { name: 'preserved-data', value: nativeU64Bytes(0x7000n) }
    const properties = [{ name: 'compatible', value: stringBytes('kho-v4') }]
    const child = { name: 'kexec-metadata', properties: [place], children: [] }
    const { tree } = readFdt(buildFdt({ name: '', properties, children: [child] }))
    const [ranked] = rankRoots(builder.memory(), [{ ...lost, found: { ...lost.found, fdt: tree! } }], [])
    expect(ranked!.kexecCount).toBeNull()
  })

  it('takes a map that lacks the page of its root for overwritten, where a kernel that booted since has one of its own', () => {
    const found = [lacking(root(0x1000, null)), root(0x2000, null)]
    const [live, stale] = rankRoots(builder.memory(), found, [record(0x1000)])
    expect([live!.candidate.address, live!.candidate.state, live!.candidate.direction]).toEqual([
      0x2000,
      'live',
      'outgoing',
    ])
    expect([stale!.candidate.state, stale!.candidate.direction]).toEqual(['stale', 'incoming'])
    const reason = 'the page of the root FDT is not in its own map: overwritten since it was read'
    expect(stale!.choice.reading).toMatchObject({ state: 'stale', reason })
    expect(stale!.candidate.evidence.map(({ kind, message }) => [kind, message])).toEqual([
      ['scan', 'FDT with compatible kho-v4'],
      ['setup-data', 'setup_data record at 0x8000 names it'],
      ['scratch', 'scratch array at 0x9000 is not in the dump (outside)'],
      ['tracker', `tracker stale: ${reason}`],
    ])
  })

  it('leaves such a map alive where it is the only one, was asked for, is the one made last, or none is whole', () => {
    const lacks = (address: number, count: number | null = null) => lacking(root(address, count))
    expect(states([lacks(0x1000)])).toEqual([[0x1000, 'live', 'unknown']])
    expect(states([{ ...lacks(0x1000), given: true }, root(0x2000, null)])).toEqual([
      [0x1000, 'live', 'unknown'],
      [0x2000, 'live', 'outgoing'],
    ])
    expect(states([lacks(0x1000, 2), root(0x2000, 1)])).toEqual([
      [0x1000, 'live', 'outgoing'],
      [0x2000, 'live', 'incoming'],
    ])
    expect(states([lacks(0x1000, 1), root(0x2000, 2)])).toEqual([
      [0x2000, 'live', 'outgoing'],
      [0x1000, 'stale', 'incoming'],
    ])
    expect(states([lacks(0x1000), lacks(0x2000)]).map(([, state]) => state)).toEqual(['live', 'live'])
    expect(states([lacks(0x1000), root(0x2000, null, 'stale')])).toEqual([
      [0x1000, 'live', 'unknown'],
      [0x2000, 'stale', 'unknown'],
    ])
  })

  it('says nothing more of a map that is not alive anyway', () => {
    const partial = lacking(root(0x1000, null, 'partial'))
    const [, second] = rankRoots(builder.memory(), [partial, root(0x2000, null)], [])
    expect(second!.candidate.state).toBe('partial')
    expect(second!.choice.reading.reason).not.toContain('overwritten')
  })
})
