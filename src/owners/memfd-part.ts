import type { Memfd } from '../../formats/blobs/index.js'
import { KhoError } from '../../formats/error.js'
import {
  appendPath,
  MEMFD_FOLIO_UPTODATE,
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_SER_V1,
  MEMFD_LUO_SER_V2,
} from '../../formats/layout/index.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { type FolioList, folioListOf } from './folio-list.js'
import { type Content, type ContentPiece, listPart, type Part, type Piece, structPart } from './part.js'
import { type RunPiece, vmallocPart } from './vmalloc-part.js'

/**
 * A preserved memfd under the path of its file. Its own bytes are those of its structure; its content is the file's.
 * `base` is the file's path: `files/2/folios/3` leaves out `memfd`.
 */
export function memfdPart(state: KhoState, memfd: Memfd, base: string): Part {
  const path = appendPath(base, 'memfd')
  const struct = memfd.version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2
  const own = structPart(path, `memfd (memfd-v${memfd.version})`, memfd.extent.start, struct, {
    position: 'pos',
  })
  const { vmalloc } = memfd
  const fields = { ...own.fields, folios: () => foliosPart(state, memfd, base) }
  const area = () => vmallocPart(state, vmalloc!, appendPath(base, 'vmalloc'), folioRecords(memfd, base))
  return {
    ...own,
    value: { kind: 'memfd', memfd },
    content: () => memfdContent(state, memfd),
    fields: vmalloc === null ? fields : { ...fields, vmalloc: area },
  }
}

function foliosPart(state: KhoState, memfd: Memfd, base: string): Part {
  const list = folioListOf(state, memfd)
  const path = appendPath(base, 'folios')
  return listPart(path, 'list of folios', {
    length: list.folios.count,
    key: n => String(list.folios.index[n]),
    find: segment => list.find(segment),
    at: n => {
      const size = list.sizes[n] as number
      const extents = size === 0 ? [] : [rangeAt(list.starts[n] as number, size)]
      return { path: appendPath(path, list.keyOf(n)), what: 'folio', extents }
    },
  })
}

/** The area behind a memfd is an array of folio records. */
function folioRecords(memfd: Memfd, base: string): RunPiece {
  const { size } = MEMFD_LUO_FOLIO_SER
  const total = memfd.nrFolios ?? 0
  return (address, bytes, offset): Piece | null => {
    const before = offset / size
    const count = Math.min(bytes / size, total - before)
    if (count <= 0) return null
    const pathOf = (n: number) => appendPath(base, 'folios', before + n)
    return { kind: 'records', address, struct: MEMFD_LUO_FOLIO_SER, count, pathOf }
  }
}

/**
 * A memfd's contents as the next kernel shows them: each folio at its page index, cut at the file's size; what no
 * folio covers is a hole. A folio that is not up to date reads as zeros. Of folios at one place the first has it, as
 * the second cannot be put into the page cache. mm/memfd_luo.c, 7.2.
 */
function memfdContent(state: KhoState, memfd: Memfd): Content {
  const { size } = memfd
  if (size === null) {
    throw new KhoError('broken-state', 'the memfd has no size that a file can have', { path: memfd.path })
  }
  const list = folioListOf(state, memfd)
  return {
    size,
    incomplete: incompleteReason(memfd, list),
    *pieces() {
      yield* folioPieces(list, size, state.geometry.pageSize)
    },
  }
}

function incompleteReason(memfd: Memfd, { folios }: FolioList): string | null {
  const lost = folios.missing.reduce((sum, gap) => sum + gap.count, 0)
  if (lost > 0)
    return `${lost} entries of its list of folios are not in the dump (${folios.missing[0]!.reason})`
  const wanted = memfd.nrFolios
  if (wanted === folios.count) return null
  return `its list of folios has ${folios.count} of ${wanted ?? 'too many'} entries`
}

function* folioPieces(list: FolioList, size: number, pageSize: number): Generator<ContentPiece> {
  const { folios, starts, sizes } = list
  const { index, pfn, flags } = folios
  let covered = 0
  for (const n of inFileOrder(index)) {
    if (pfn[n] === 0) continue
    const start = (index[n] as number) * pageSize
    // No address: one page is known to be there, and where it is not.
    const end = Math.min(start + ((sizes[n] as number) || pageSize), size)
    const offset = Math.max(start, covered)
    if (offset >= end) continue
    const zeros = (flags[n]! & MEMFD_FOLIO_UPTODATE) === 0
    const address = sizes[n] === 0 ? null : (starts[n] as number) + (offset - start)
    yield { offset, length: end - offset, address, ...(zeros ? { zeros } : {}) }
    covered = end
  }
}

function inFileOrder(index: Float64Array): Iterable<number> {
  const ascending = index.every((value, n) => n === 0 || value >= (index[n - 1] as number))
  const order = Uint32Array.from(index, (_, n) => n)
  return ascending ? order : order.sort((a, b) => (index[a] as number) - (index[b] as number) || a - b)
}
