import { type Range, rangeSize, sizeOfRanges } from '../../formats/memory/range.js'
import type { Content, ContentPiece } from './piece.js'

/** Bytes of ranges, one behind the other. `none` says that address 0 stands for an entry that is no address. */
export function extentsContent(extents: readonly Range[], none = false): Content {
  return { size: sizeOfRanges(extents), incomplete: null, pieces: () => extentPieces(extents, none) }
}

function extentPieces(extents: readonly Range[], none: boolean): Iterable<ContentPiece> {
  const [only] = extents
  return only !== undefined && extents.length === 1 ? [pieceOf(only, 0, none)] : eachPiece(extents, none)
}

function* eachPiece(extents: readonly Range[], none: boolean): Generator<ContentPiece> {
  let offset = 0
  for (const extent of extents) {
    const piece = pieceOf(extent, offset, none)
    yield piece
    offset += piece.length
  }
}

function pieceOf(extent: Range, offset: number, none: boolean): ContentPiece {
  return {
    offset,
    length: rangeSize(extent),
    address: none && extent.start === 0 ? null : extent.start,
  }
}
