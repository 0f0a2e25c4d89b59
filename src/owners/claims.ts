import type { Blob, InlineNode, KhoTest, Memblock } from '../../formats/blobs/index.js'
import { readSetupData, SETUP_DATA_HEADER } from '../../formats/handoff/setup-data.js'
import { abiOf } from '../../formats/kernels/index.js'
import { appendPath, KHO_DATA } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { KhoState } from '../image/state.js'
import { type ClaimGroup, type ClaimTraits, listClaims, singleClaim } from './claim.js'
import { claimsOfLuo } from './claims-luo.js'
import { vmallocClaims } from './claims-vmalloc.js'

/** Not preserved, but KHO's own. */
const UNPRESERVED: ClaimTraits = { kind: 'metadata', version: null, preserved: false }

/**
 * Every extent that a structure of the state says is its own, in the order of the state. Lazy: lists of folios are
 * read when their turn comes. No claim lies within another one's structure: a session's record is part of its block.
 */
export function* claims(state: KhoState): Generator<ClaimGroup> {
  const { abi, compatible, root } = state
  const fdtTraits: ClaimTraits = { kind: 'blob', version: compatible, preserved: abiOf(abi).fdtPreserved }
  yield singleClaim('fdt', root.address, rootSize(state), fdtTraits)
  yield trackerClaims(state)
  yield* scratchClaims(state)
  yield* handoffClaims(state)
  for (const blob of state.blobs()) yield* blobClaims(state, blob)
}

/** A root has one page since 6.16, and tens of MiB at the most before, whatever its header says. */
function rootSize({ abi, fdt, geometry }: KhoState): number {
  return Math.min(fdt.header.totalsize, abiOf(abi).fdtPreserved ? geometry.pageSize : 2 ** 24)
}

function trackerClaims(state: KhoState): ClaimGroup {
  const { decode, format } = state.tracker
  const starts = Float64Array.from(decode.nodes, node => node.address)
  const sizes = Float64Array.from(decode.nodes, node => node.size)
  return listClaims(starts, sizes, { ...UNPRESERVED, version: format }, n =>
    appendPath('tracker', 'nodes', hex(decode.nodes[n]!.address)),
  )
}

function* scratchClaims(state: KhoState): Generator<ClaimGroup> {
  const areas = state.scratch ?? []
  const starts = Float64Array.from(areas, area => area.start)
  const sizes = Float64Array.from(areas, area => area.size)
  yield listClaims(starts, sizes, { ...UNPRESERVED, kind: 'data' }, n => appendPath('scratch', n))
}

/** The x86 records that name this root, and the scratch array that they name, where that is in place. */
function* handoffClaims(state: KhoState): Generator<ClaimGroup> {
  const arrays = new Set<number>()
  for (const [n, evidence] of state.root.evidence.entries()) {
    if (evidence.kind !== 'setup-data' || evidence.address === null) continue
    const path = appendPath('handoff', 'evidence', n)
    yield singleClaim(path, evidence.address, SETUP_DATA_HEADER + KHO_DATA.size, UNPRESERVED)
    const record = readSetupData(state.image.memory, evidence.address)
    if (record === null || state.scratch === null || arrays.has(record.scratchAddress)) continue
    arrays.add(record.scratchAddress)
    yield singleClaim('handoff/scratch', record.scratchAddress, record.scratchSize, UNPRESERVED)
  }
}

function* blobClaims(state: KhoState, blob: Blob): Generator<ClaimGroup> {
  const { path, address, size, format, value } = blob
  if (address !== null && value !== null) {
    yield singleClaim(path, address, Math.max(size ?? 1, 1), {
      kind: 'blob',
      version: format,
      preserved: true,
    })
  }
  switch (value?.kind) {
    case 'luo':
      yield* claimsOfLuo(state, value, path)
      break
    case 'memblock':
      yield* regionClaims(value)
      break
    case 'kho-test':
      yield* testClaims(state, value, path)
      break
    case 'vmalloc':
      yield* vmallocClaims(state, value, { kind: 'data', version: format, preserved: true })
      break
    case 'node':
      yield* areaClaims(value)
      break
  }
}

function* regionClaims(memblock: Memblock): Generator<ClaimGroup> {
  for (const { path, start, size, compatible } of memblock.regions) {
    if (start === null || size === null || size === 0) continue
    yield singleClaim(path, start, size, { kind: 'data', version: compatible, preserved: true })
  }
}

function* areaClaims(node: InlineNode): Generator<ClaimGroup> {
  for (const { path, start, size } of node.areas) {
    if (start === null || size === null || size === 0) continue
    yield singleClaim(path, start, size, { kind: 'data', version: node.compatible, preserved: true })
  }
}

function* testClaims(state: KhoState, test: KhoTest, path: string): Generator<ClaimGroup> {
  const version = test.compatible
  if (test.vmalloc !== null) {
    yield* vmallocClaims(state, test.vmalloc, { kind: 'metadata', version, preserved: true })
  }
  const { address, order } = test.folios
  const sizes = address.map((start, n) => (start === 0 ? 0 : state.geometry.pageSize * 2 ** order[n]!))
  const list = appendPath(path, 'folios')
  yield listClaims(address, sizes, { kind: 'data', version, preserved: true }, n => appendPath(list, n))
}
