import type { FdtNode } from '../fdt/index.js'
import type { Geometry } from '../memory/geometry.js'

/** Where a root FDT names its tracker: a child node, or null for the root itself (or any node), and a property. */
export interface MapPlace {
  node: string | null
  property: string
}

/** Where a tracker begins. Formats have their own idea: an address, an array of them, or a tree. */
export interface TrackerRoot {
  /** Physical address of the first node, one per tree; 0 where there is none. */
  addresses: number[]
  /** The root node, for formats whose ranges lie in the FDT itself. */
  fdt?: FdtNode
}

/** What a codec needs to know beyond the bytes. */
export interface TrackerOptions {
  geometry: Geometry
  /** Bytes of one bitmap object in chunk lists: 512 or the page size. */
  bitmapBytes?: number
  /** Where a chunk's header has its words: `order-first` in the sketch of February 2025. */
  chunkHeader?: 'next-first' | 'order-first'
  /** Depth of a radix tree, where it is not the one that follows from the page size. */
  depth?: number
  /** End of RAM in bytes, used to tell bare page numbers from keys in depth-4 trees of 16K pages. */
  ramEnd?: number
}
