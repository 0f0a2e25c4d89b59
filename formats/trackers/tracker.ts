import type { FdtNode, FdtTree } from '../fdt/index.js'
import type { Fault } from '../memory/fault.js'
import type { Geometry } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import type { PageSet } from '../pages/page-set.js'

/** The families of structures that ever described preserved memory. */
export type TrackerFormat =
  | 'chunk-list'
  | 'radix-tree'
  | 'page-table'
  | 'mem-array'
  | 'kho-array'
  | 'range-list'

/** One page (or 512-byte object) that a tracker is made of. Not itself preserved. */
export interface TrackerNode {
  /** Physical address. */
  address: number
  kind: 'chunk' | 'bitmap' | 'table' | 'leaf' | 'array'
  /** Level in a tree, 0 for a leaf; null in lists. */
  level: number | null
  /** Order of the blocks in it, where one node serves one order. */
  order: number | null
  /** Bytes. */
  size: number
}

/** What a decoder found. Never thrown: what is good is kept, what is not is a fault. */
export interface TrackerDecode {
  pages: PageSet
  nodes: TrackerNode[]
  faults: Fault[]
  /** Pointers followed that led to no bytes, to misaligned or impossible addresses, or round in a circle. */
  badPointers: number
  /** Nodes that the dump does not have, though their address is plausible. */
  absentNodes: number
}

/** Where a tracker begins. Formats have their own idea: an address, or an array of them. */
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
  /** Depth of a radix tree, where it is not the one that follows from the page size. */
  depth?: number
  /** End of RAM in bytes, used to tell bare page numbers from keys in depth-4 trees of 16K pages. */
  ramEnd?: number
}

/** One tracker format. Adding a format is one file with this shape and one line in the table of releases. */
export interface Tracker {
  readonly format: TrackerFormat
  /** Finds the tracker's root in a root FDT; null where this format's properties are not there. */
  locate(fdt: FdtTree | FdtNode): TrackerRoot | null
  decode(memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): TrackerDecode
}
