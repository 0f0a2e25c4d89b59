import type { Gap, KhoBlock } from '../../formats/blobs/index.js'
import { KHO_BLOCK_HEADER, type Struct } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { type Range, rangeAt, rangeSize } from '../../formats/memory/range.js'
import { listClaims } from './claim.js'
import { madeElements } from './elements.js'
import { absent, address, count, defineKind, list, type Many } from './kind.js'
import type { Piece } from './piece.js'
import { structMemory } from './struct-kind.js'

/** A record of a list, where it lies, and its path. */
interface Entry {
  extent: Range
  path: string
}

/** A chain of blocks: what it holds, and where it stops being known. */
interface Chain {
  blocks: readonly KhoBlock[]
  gap: Gap | null
  entries: readonly Entry[]
  struct: Struct
}

const BLOCK = defineKind<{ block: Omit<KhoBlock, 'path'>; chain: Chain }>({
  what: 'block',
  fields: {
    address: address(({ block }) => block.extent.start),
    count: count(({ block }) => block.count, { orNull: 'no number of entries' }),
  },
  memory({ block: { extent }, chain: { entries, struct } }, _, path) {
    const own = structMemory(KHO_BLOCK_HEADER, extent.start, path)
    const pieces = () => [...own.pieces!(), ...entryPieces(entries, struct, extent)]
    return { ...own, extents: [extent], pieces }
  },
})

/** The blocks that a list lies in; one that the dump lacks is known by its address. */
export function blocks<T>(version: string, get: (self: T) => Chain, home?: string): Many<T> {
  return list(
    'list of blocks',
    BLOCK,
    (self, { geometry }) => {
      const chain = get(self)
      const { gap } = chain
      const lost = gap && { extent: rangeAt(gap.address, geometry.pageSize), count: null }
      const known: readonly Omit<KhoBlock, 'path'>[] = lost === null ? chain.blocks : [...chain.blocks, lost]
      return madeElements(
        known,
        block => ({ block, chain }),
        ({ extent }) => hex(extent.start),
        gap && absent('a block', gap),
      )
    },
    {
      ...(home === undefined ? {} : { home }),
      *claims(self) {
        const chain = get(self)
        if (chain.blocks.length === 0) return
        const starts = Float64Array.from(chain.blocks, block => block.extent.start)
        const sizes = Float64Array.from(chain.blocks, block => rangeSize(block.extent))
        yield listClaims(
          starts,
          sizes,
          { kind: 'metadata', version, preserved: true },
          n => chain.blocks[n]!.path,
        )
      },
      claimsAll: true,
    },
  )
}

/** Smallest page: what blocks are multiples of. */
const UNIT = 4096

/** Numbers of the records that begin in each page of memory, of lists that were asked for them. */
const pagesOf = new WeakMap<readonly Entry[], Map<number, number[]>>()

function byPage(entries: readonly Entry[]): Map<number, number[]> {
  let pages = pagesOf.get(entries)
  if (pages === undefined) {
    pages = new Map()
    for (const [n, { extent }] of entries.entries()) {
      const page = extent.start - (extent.start % UNIT)
      const there = pages.get(page)
      if (there === undefined) pages.set(page, [n])
      else there.push(n)
    }
    pagesOf.set(entries, pages)
  }
  return pages
}

/** Records lie in their list in ascending order, page by page. */
export function* entryPieces(entries: readonly Entry[], struct: Struct, within: Range): Generator<Piece> {
  const pages = byPage(entries)
  for (let page = within.start - (within.start % UNIT); page < within.end; page += UNIT) {
    for (const n of pages.get(page) ?? []) {
      const { extent, path } = entries[n]!
      if (extent.start < within.start || extent.start >= within.end) continue
      yield { kind: 'struct', address: extent.start, struct, path }
    }
  }
}
