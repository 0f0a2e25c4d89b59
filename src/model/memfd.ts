import type { Memfd } from '../../formats/blobs/index.js'
import { KhoError } from '../../formats/error.js'
import {
  appendPath,
  MEMFD_FOLIO_DIRTY,
  MEMFD_FOLIO_UPTODATE,
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_SER_V1,
  MEMFD_LUO_SER_V2,
} from '../../formats/layout/index.js'
import { rangeAt, rangeSize } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { type ClaimTraits, listClaims, singleClaim } from './claim.js'
import type { Elements } from './elements.js'
import { type FolioList, folioListOf } from './folio-list.js'
import {
  absent,
  address,
  count,
  defineKind,
  flag,
  list,
  NO_MEMORY,
  type NotKnown,
  notKnown,
  one,
  size,
} from './kind.js'
import type { Content, ContentPiece, Piece } from './piece.js'
import { structMemory } from './struct-kind.js'
import { type Area, VMALLOC } from './vmalloc.js'

/** One entry of a list of folios. */
interface Folio {
  list: FolioList
  n: number
}

const FOLIO = defineKind<Folio>({
  what: 'folio',
  fields: {
    index: count(({ list: { folios }, n }) => folios.index[n] as number, { huge: true }),
    pfn: count(({ list: { folios }, n }) => folios.pfn[n] as number),
    address: address(({ list: { starts }, n }) => starts[n] || null, { orNull: 'null for a hole' }),
    order: count(({ list: { orders }, n }) => (orders[n]! < 0 ? null : orders[n]!), {
      orNull: 'null where no preserved block begins',
    }),
    dirty: flag(({ list: { folios }, n }) => (folios.flags[n]! & MEMFD_FOLIO_DIRTY) !== 0),
    uptodate: flag(({ list: { folios }, n }) => (folios.flags[n]! & MEMFD_FOLIO_UPTODATE) !== 0),
  },
  memory: ({ list: { starts, sizes }, n }) =>
    sizes[n] === 0 ? NO_MEMORY : { extents: [rangeAt(starts[n]!, sizes[n]!)] },
})

const numberOr = { orNull: 'no number that a file can have', change: 'content-changed' } as const
const mask = { orNull: 'version 1 has none', change: 'flags' } as const

/** A preserved memfd. Its own bytes are those of its structure; its content is the file's. */
export const MEMFD = defineKind<Memfd>({
  what: memfd => `memfd (memfd-v${memfd.version})`,
  fields: {
    version: count(memfd => memfd.version, { values: [1, 2] }),
    address: address(memfd => memfd.extent.start),
    position: count(memfd => memfd.position, { ...numberOr, at: 'pos' }),
    size: size(memfd => memfd.size, { orNull: numberOr.orNull }),
    seals: count(memfd => memfd.seals, mask),
    flags: count(memfd => memfd.flags, mask),
    nrFolios: count(memfd => memfd.nrFolios, { orNull: numberOr.orNull }),
    vmalloc: one(VMALLOC, memfd => areaOf(memfd), { orNull: 'null where there are no folios' }),
    folios: list('list of folios', FOLIO, (memfd, state) => foliosOf(state, memfd), {
      *claims(memfd, walk, path) {
        if (memfd.vmalloc === null || walk.folios <= 0) return
        const { starts, sizes, folios, keyOf } = folioListOf(walk.state, memfd)
        walk.folios -= folios.count
        // As appendPath() has it: page indexes need no escape, and there may be a million of them.
        const pathOf = (key: string | number) => (typeof key === 'number' ? `#${key}` : key)
        yield listClaims(
          starts,
          sizes,
          { ...traitsOf(memfd), kind: 'data' },
          n => `${path}/${pathOf(keyOf(n))}`,
        )
      },
    }),
  },
  memory: (memfd, _, path) =>
    structMemory(memfd.version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2, memfd.extent.start, path),
  content: (memfd, state) => memfdContent(state, memfd),
  *claims(memfd, _, path) {
    yield singleClaim(path, memfd.extent.start, rangeSize(memfd.extent), traitsOf(memfd))
  },
  item: {
    kind: 'file',
    size: memfd => memfd.size,
    content: (memfd, state) => (memfd.size === null ? null : memfdContent(state, memfd)),
    folioFlags: (memfd, state) => folioListOf(state, memfd).folios,
  },
})

const traitsOfVersion = (version: 1 | 2): ClaimTraits => ({
  kind: 'metadata',
  version: `memfd-v${version}`,
  preserved: true,
})
const TRAITS = { 1: traitsOfVersion(1), 2: traitsOfVersion(2) } as const

function traitsOf({ version }: Memfd): ClaimTraits {
  return TRAITS[version]
}

/** The area behind a memfd is an array of folio records. */
function areaOf(memfd: Memfd): Area | null {
  const { vmalloc, nrFolios, path } = memfd
  if (vmalloc === null) return null
  const { size: each } = MEMFD_LUO_FOLIO_SER
  return {
    vmalloc,
    traits: traitsOf(memfd),
    runPiece(at, length, offset): Piece | null {
      const before = offset / each
      const entries = Math.min(length / each, (nrFolios ?? 0) - before)
      if (entries <= 0) return null
      const pathOf = (n: number) => appendPath(path, 'folios', before + n)
      return { kind: 'records', address: at, struct: MEMFD_LUO_FOLIO_SER, count: entries, pathOf }
    },
  }
}

function foliosOf(state: KhoState, memfd: Memfd): Elements<Folio> | NotKnown {
  const gap = memfd.vmalloc?.gap ?? null
  const folios = folioListOf(state, memfd)
  const { missing, count: length, index } = folios.folios
  const lost = gap !== null ? absent('a chunk', gap) : missing.length > 0 ? lostText(folios) : null
  if (length === 0 && lost !== null) return notKnown(lost)
  return {
    length,
    item: n => ({ list: folios, n }),
    key: n => String(index[n]),
    distinct: folios.distinct,
    find: segment => folios.find(segment),
    ...(lost === null ? {} : { missing: lost }),
  }
}

/**
 * A memfd's contents as the next kernel shows them: each folio at its page index, cut at the file's size; what no
 * folio covers is a hole. A folio that is not up to date reads as zeros. Of folios at one place the first has it, as
 * the second cannot be put into the page cache. mm/memfd_luo.c, 7.2.
 */
export function memfdContent(state: KhoState, memfd: Memfd): Content {
  const { size: bytes } = memfd
  if (bytes === null) {
    throw new KhoError('broken-state', 'the memfd has no size that a file can have', { path: memfd.path })
  }
  const folios = folioListOf(state, memfd)
  let content = contents.get(folios)
  if (content === undefined) {
    content = {
      size: bytes,
      incomplete: incompleteReason(memfd, folios),
      of: folios,
      pieces: () => folioPieces(folios, bytes, state.geometry.pageSize),
    }
    contents.set(folios, content)
  }
  return content
}

/** Several files may lead to one memfd: they have one content. */
const contents = new WeakMap<FolioList, Content>()

function incompleteReason(memfd: Memfd, list: FolioList): string | null {
  if (list.folios.missing.length > 0) return lostText(list)
  const wanted = memfd.nrFolios
  if (wanted === list.folios.count) return null
  return `its list of folios has ${list.folios.count} of ${wanted ?? 'too many'} entries`
}

function lostText({ folios: { missing } }: FolioList): string {
  const lost = missing.reduce((sum, gap) => sum + gap.count, 0)
  return `${lost} entries of its list of folios are not in the dump (${missing[0]!.reason})`
}

function* folioPieces({ folios, starts, sizes }: FolioList, end: number, pageSize: number) {
  const { index, pfn, flags } = folios
  let covered = 0
  for (const n of inFileOrder(index)) {
    if (pfn[n] === 0) continue
    const start = (index[n] as number) * pageSize
    // No address: one page is known to be there, and where it is not.
    const stop = Math.min(start + ((sizes[n] as number) || pageSize), end)
    const offset = Math.max(start, covered)
    if (offset >= stop) continue
    const zeros = (flags[n]! & MEMFD_FOLIO_UPTODATE) === 0
    const at = sizes[n] === 0 ? null : (starts[n] as number) + (offset - start)
    const piece: ContentPiece = { offset, length: stop - offset, address: at, ...(zeros ? { zeros } : {}) }
    yield piece
    covered = stop
  }
}

function inFileOrder(index: Float64Array): Iterable<number> {
  const ascending = index.every((value, n) => n === 0 || value >= (index[n - 1] as number))
  const order = Uint32Array.from(index, (_, n) => n)
  return ascending ? order : order.sort((a, b) => (index[a] as number) - (index[b] as number) || a - b)
}
