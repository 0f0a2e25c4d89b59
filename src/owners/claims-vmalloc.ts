import type { Vmalloc } from '../../formats/blobs/index.js'
import { appendPath } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { KhoState } from '../image/state.js'
import { type ClaimGroup, type ClaimTraits, listClaims } from './claim.js'

/** The chunk pages of an area, and its runs, which are of the kind and version given. */
export function* vmallocClaims(
  state: KhoState,
  vmalloc: Vmalloc,
  traits: ClaimTraits,
  path = vmalloc.path,
): Generator<ClaimGroup> {
  const { pageSize } = state.geometry
  const { chunks, runs, order } = vmalloc
  const chunkSizes = new Float64Array(chunks.length).fill(pageSize)
  yield listClaims(Float64Array.from(chunks), chunkSizes, { ...traits, kind: 'metadata' }, n =>
    appendPath(path, 'chunks', hex(chunks[n]!)),
  )
  const sizes = runs.map(run => (run === 0 ? 0 : pageSize * 2 ** order))
  yield listClaims(runs, sizes, traits, n => appendPath(path, 'runs', n))
}
