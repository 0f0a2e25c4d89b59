import { chunkEntries, type Vmalloc } from '../../formats/blobs/index.js'
import { appendPath, KHO_VMALLOC, KHO_VMALLOC_CHUNK } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { type ClaimTraits, listClaims } from './claim.js'
import { madeElements } from './elements.js'
import { absent, address, count, defineKind, flag, list, NO_MEMORY, notKnown } from './kind.js'
import type { Content, ContentPiece, Piece } from './piece.js'
import { structMemory } from './struct-kind.js'

/** A preserved vmalloc area, and what its user makes of it. */
export interface Area {
  vmalloc: Vmalloc
  /** What the runs are: data of somebody's, or a list. */
  traits: ClaimTraits
  /** What one run holds; its place in the area is given in bytes. */
  runPiece?(address: number, size: number, offset: number): Piece | null
}

/** One chunk page, or one run, of an area. */
interface Part {
  area: Area
  n: number
}

/** Its own bytes are the descriptor's; its content is that of its pages. */
export const VMALLOC = defineKind<Area>({
  what: 'vmalloc area',
  fields: {
    address: address(({ vmalloc }) => vmalloc.extent?.start ?? null, { orNull: 'not known' }),
    first: address(({ vmalloc }) => vmalloc.first, { orNull: 'no physical address' }),
    totalPages: count(({ vmalloc }) => vmalloc.totalPages),
    flags: count(({ vmalloc }) => vmalloc.flags, { change: 'flags' }),
    order: count(({ vmalloc }) => vmalloc.order, { change: 'split' }),
    complete: flag(({ vmalloc }) => vmalloc.complete),
    chunks: list(
      'list of chunks',
      address<Part>(part => chunkAddress(part), { memory: chunkMemory }),
      area => chunksOf(area),
      {
        *claims({ vmalloc: { chunks }, traits }, walk, path) {
          const sizes = new Float64Array(chunks.length).fill(walk.state.geometry.pageSize)
          yield listClaims(Float64Array.from(chunks), sizes, { ...traits, kind: 'metadata' }, n =>
            appendPath(path, hex(chunks[n]!)),
          )
        },
      },
    ),
    runs: list(
      'list of runs',
      address<Part>(part => runAddress(part) || null, { orNull: 'no page', memory: runMemory }),
      area => runsOf(area),
      {
        *claims({ vmalloc: { runs, order }, traits }, walk, path) {
          if (walk.folios <= 0) return
          walk.folios -= runs.length
          const sizes = runs.map(run => (run === 0 ? 0 : walk.state.geometry.pageSize * 2 ** order))
          yield listClaims(runs, sizes, traits, n => appendPath(path, n))
        },
      },
    ),
  },
  memory: ({ vmalloc: { extent } }, _, path) =>
    extent === null ? NO_MEMORY : structMemory(KHO_VMALLOC, extent.start, path),
  content: ({ vmalloc }, state) => vmallocContent(state, vmalloc),
  item: {
    kind: 'blob',
    size: ({ vmalloc }, { geometry }) => vmalloc.totalPages * geometry.pageSize,
    content: ({ vmalloc }, state) => vmallocContent(state, vmalloc),
  },
})

function chunksOf(area: Area) {
  const { chunks, gap } = area.vmalloc
  // Where the chunk that is not there lies is known all the same.
  const known = gap === null ? chunks : [...chunks, gap.address]
  return madeElements(known, (_, n): Part => ({ area, n }), hex, gap && absent('a chunk', gap))
}

function chunkAddress({ area, n }: Part): number {
  return area.vmalloc.chunks[n] ?? area.vmalloc.gap!.address
}

function chunkMemory(part: Part, state: KhoState, path: string) {
  const at = chunkAddress(part)
  const { pageSize } = state.geometry
  const pieces = (): Piece[] => [
    { kind: 'struct', address: at, struct: KHO_VMALLOC_CHUNK, path },
    {
      kind: 'words',
      address: at + KHO_VMALLOC_CHUNK.size,
      count: chunkEntries(pageSize),
      name: 'phys',
      meaning: value => (value === 0n ? 'none' : `run of order ${part.area.vmalloc.order} at ${hex(value)}`),
    },
  ]
  return { what: 'vmalloc chunk', extents: [rangeAt(at, pageSize)], pieces }
}

function runsOf(area: Area) {
  const { runs, gap } = area.vmalloc
  const missing = gap && absent('a chunk', gap)
  if (runs.length === 0 && missing !== null) return notKnown(missing)
  const item = (n: number): Part => ({ area, n })
  return { length: runs.length, item, ...(missing === null ? {} : { missing }) }
}

function runAddress({ area, n }: Part): number {
  return area.vmalloc.runs[n] as number
}

function runMemory(part: Part, { geometry }: KhoState) {
  const { vmalloc, runPiece } = part.area
  const at = runAddress(part)
  const size = geometry.pageSize * 2 ** vmalloc.order
  const pieces = () => [runPiece?.(at, size, part.n * size) ?? null].filter(piece => piece !== null)
  return { what: 'run of pages', extents: at === 0 ? [] : [rangeAt(at, size)], pieces }
}

/** The pages of an area, in the order of the mapping. */
function vmallocContent({ geometry }: KhoState, vmalloc: Vmalloc): Content {
  const { pageSize } = geometry
  const { runs, order, totalPages, complete } = vmalloc
  const runBytes = pageSize * 2 ** order
  return {
    size: totalPages * pageSize,
    incomplete: complete ? null : `its chunks name ${runs.length * 2 ** order} of ${totalPages} pages`,
    *pieces(): Generator<ContentPiece> {
      const end = totalPages * pageSize
      for (let n = 0; n < runs.length && n * runBytes < end; n++) {
        const at = runs[n] === 0 ? null : (runs[n] as number)
        yield { offset: n * runBytes, length: Math.min(runBytes, end - n * runBytes), address: at }
      }
      const named = runs.length * runBytes
      if (named < end) yield { offset: named, length: end - named, address: null }
    },
  }
}
