import type { Gap, KhoBlock } from '../../formats/blobs/index.js'
import { KHO_BLOCK_HEADER, type Struct } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { type Range, rangeAt, rangeSize } from '../../formats/memory/range.js'
import { listClaims } from './claim.js'
import { absent, address, count, defineKind, elementsOf, list, type Many } from './kind.js'
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
      const known = chain.blocks.map((block: Omit<KhoBlock, 'path'>) => ({ block, chain }))
      const { gap } = chain
      if (gap !== null) {
        const extent = rangeAt(gap.address, geometry.pageSize)
        known.push({ block: { extent, count: null }, chain })
      }
      return elementsOf(known, ({ block }) => hex(block.extent.start), gap && absent('a block', gap))
    },
    {
      ...(home === undefined ? {} : { home }),
      *claims(self) {
        const chain = get(self)
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

/** Records lie in their list in ascending order, page by page. */
export function* entryPieces(entries: readonly Entry[], struct: Struct, within: Range): Generator<Piece> {
  for (const { extent, path } of entries) {
    if (extent.start < within.start || extent.start >= within.end) continue
    yield { kind: 'struct', address: extent.start, struct, path }
  }
}
