import { type Range, rangeSize, sizeOfRanges } from '../../formats/memory/range.js'
import type { Content, ContentPiece } from './piece.js'

/** Bytes of ranges, one behind the other. `none` says that address 0 stands for an entry that is no address. */
export function extentsContent(extents: readonly Range[], none = false): Content {
  return {
    size: sizeOfRanges(extents),
    incomplete: null,
    *pieces(): Generator<ContentPiece> {
      let offset = 0
      for (const extent of extents) {
        const length = rangeSize(extent)
        yield { offset, length, address: none && extent.start === 0 ? null : extent.start }
        offset += length
      }
    },
  }
}
