import type { KhoBlock, Luo, LuoFile, LuoFlb } from '../../formats/blobs/index.js'
import { appendPath } from '../../formats/layout/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { rangeSize } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { blockFinder } from './block-finder.js'
import { type ClaimGroup, type ClaimTraits, listClaims, singleClaim } from './claim.js'
import { vmallocClaims } from './claims-vmalloc.js'
import { folioListOf } from './folio-list.js'

/** What walks of all folio lists may give together, so that lists that share their pages cost no more than the image. */
interface Budget {
  folios: number
}

/** Everything that LUO's blob leads to: blocks, arrays, the FLB page, and what the files hand over. */
export function* claimsOfLuo(state: KhoState, luo: Luo, path: string): Generator<ClaimGroup> {
  const traits: ClaimTraits = { kind: 'metadata', version: luo.compatible, preserved: true }
  // A folio costs 16 bytes of a list. Compressed dumps hold more than they are long.
  const budget: Budget = { folios: state.image.memory.inputSize / 4 + 2 ** 20 }
  const orderAt = blockFinder(state.tracker.decode.pages)
  yield blockClaims(luo.blocks, traits)
  const array = luo.sessionArray
  if (array !== null) yield singleClaim(appendPath(path, 'sessions'), array.start, rangeSize(array), traits)
  if (luo.flbs !== null)
    yield singleClaim(luo.flbs.path, luo.flbs.extent.start, rangeSize(luo.flbs.extent), traits)
  for (const flb of luo.flbs?.entries ?? []) yield* handleClaims(state, flb, flb.name, orderAt)
  for (const session of luo.sessions) {
    yield blockClaims(session.blocks, traits)
    const files = session.fileArray
    if (files !== null)
      yield singleClaim(appendPath(session.path, 'files'), files.start, rangeSize(files), traits)
    for (const file of session.files) yield* fileClaims(state, file, orderAt, budget)
  }
}

function blockClaims(blocks: readonly KhoBlock[], traits: ClaimTraits): ClaimGroup {
  const starts = Float64Array.from(blocks, block => block.extent.start)
  const sizes = Float64Array.from(blocks, block => rangeSize(block.extent))
  return listClaims(starts, sizes, traits, n => blocks[n]!.path)
}

/**
 * A memfd's structure, its list of folios, and the folios. A second file with the same handle claims all of it again,
 * under its own path: that is how two tokens of one memfd show.
 */
function* fileClaims(
  state: KhoState,
  file: LuoFile,
  orderAt: (address: number) => number,
  budget: Budget,
): Generator<ClaimGroup> {
  const { memfd, path, compatible } = file
  if (memfd === null) {
    yield* handleClaims(state, file, compatible, orderAt)
    return
  }
  const traits: ClaimTraits = { kind: 'metadata', version: compatible, preserved: true }
  const base = appendPath(path, 'memfd')
  yield singleClaim(base, memfd.extent.start, rangeSize(memfd.extent), traits)
  if (memfd.vmalloc === null || budget.folios <= 0) return
  yield* vmallocClaims(state, memfd.vmalloc, traits, appendPath(path, 'vmalloc'))
  const list = folioListOf(state, memfd)
  budget.folios -= list.folios.count
  const folios = appendPath(path, 'folios')
  yield listClaims(list.starts, list.sizes, { ...traits, kind: 'data' }, n =>
    folioPath(folios, list.keyOf(n)),
  )
}

/** As {@link appendPath} has it: page indexes need no escape, and there may be a million of them. */
function folioPath(list: string, key: string | number): string {
  return typeof key === 'number' ? `${list}/#${key}` : `${list}/${key}`
}

/**
 * What the handle of an unknown handler leads to. Handles are opaque, mostly addresses: one that is the address of a
 * preserved block claims that block, any other claims nothing.
 */
function* handleClaims(
  state: KhoState,
  owner: Pick<LuoFile | LuoFlb, 'data' | 'path'>,
  version: string,
  orderAt: (address: number) => number,
): Generator<ClaimGroup> {
  const address = Number(owner.data)
  if (address === 0 || address >= ADDRESS_LIMIT) return
  const order = orderAt(address)
  if (order < 0) return
  const size = state.geometry.pageSize * 2 ** order
  yield singleClaim(appendPath(owner.path, 'data'), address, size, { kind: 'data', version, preserved: true })
}
