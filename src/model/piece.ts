import type { FdtFrame } from '../../formats/fdt/read.js'
import type { Struct } from '../../formats/layout/index.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'

/** How a stretch of memory is to be understood: what an annotated dump shows beside the bytes. */
export type Piece =
  | { kind: 'struct'; address: number; struct: Struct; path: string; note?: string }
  /** Records of one kind, one behind the other. */
  | {
      kind: 'records'
      address: number
      struct: Struct
      count: number
      pathOf(n: number): string
      note?: string
    }
  /** Native u64s. */
  | { kind: 'words'; address: number; count: number; name: string; meaning(value: bigint, n: number): string }
  | { kind: 'fdt'; address: number; tree: FdtFrame; path: string }
  | { kind: 'node'; address: number; node: TrackerNode }

/** Some bytes of a content, in the order of the content. */
export interface ContentPiece {
  /** Bytes from the start of the content. */
  offset: number
  length: number
  /** Physical address; null where the structures name none, though they say there are bytes. */
  address: number | null
  /** Set where the kernel shows zeros whatever the page holds. */
  zeros?: boolean
}

/** What a person means by the bytes of a part: a file, a region, an area. */
export interface Content {
  /** Bytes; what no piece covers is a hole, which reads as zeros. */
  size: number
  pieces(): Iterable<ContentPiece>
  /** Why the pieces may not be all there are; null where they are. */
  incomplete: string | null
  /** What it is the content of, where several items may lead to that; what has none is one item's own. */
  of?: object
}
