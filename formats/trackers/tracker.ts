import type { FdtNode } from '../fdt/index.js'
import type { Struct } from '../layout/index.js'
import type { Fault } from '../memory/fault.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import type { Range } from '../memory/range.js'
import type { PageSet } from '../pages/page-set.js'
import type { MapPlace, TrackerOptions, TrackerRoot } from './place.js'
import type { TrackerEncoder } from './writer.js'

/** One page (or 512-byte object) that a tracker is made of. Not itself preserved. */
export interface TrackerNode {
  /** Physical address. */
  address: number
  kind: 'chunk' | 'bitmap' | 'table' | 'leaf' | 'array'
  /** Level in a tree, 0 for a leaf; null in lists. */
  level: number | null
  /** Order of the blocks in it, where one node serves one order. */
  order: number | null
  /** First address of the memory that its bits or slots stand for; null where that is no one stretch. */
  start: number | null
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

/** Whether bytes are in a format, read with certain options. */
export interface Recognition {
  /** `no`: they contradict it. `yes`: nothing else that is known looks like this. `maybe`: nothing speaks against it. */
  verdict: 'yes' | 'maybe' | 'no'
  /** The evidence, in words. */
  why: string
}

/** A tracker of an image: where it begins, how it was read, and what was found. */
export interface TrackerReading {
  memory: PhysicalMemory
  root: TrackerRoot
  options: TrackerOptions
  decode: TrackerDecode
}

/** One step on the way from a tracker's root to the bit of a block. */
export interface TrackerStep {
  /** Path of the page or object of the tracker, or of a node of the root FDT. */
  node: string
  /** Which entry of it: leads to the next step, or is the entry itself in formats without bitmaps. */
  slot: number | null
  /** Which bit of it, in the last step. */
  bit: number | null
}

/** What some bytes of a node are, ascending. */
export type NodePiece =
  | { kind: 'struct'; address: number; struct: Struct }
  /** Records of one kind, one behind the other. */
  | { kind: 'records'; address: number; struct: Struct; count: number }
  /** Native u64s that are physical addresses of other nodes, 0 for none. */
  | { kind: 'table'; address: number; count: number }
  /** Native u64s that are virtual addresses in the old kernel's direct map, 0 for none. */
  | { kind: 'virtual'; address: number; count: number }
  /** Bit `b` is block number `first + b` of an order; both null where the bits have no one order, or no place is known. */
  | { kind: 'bits'; address: number; size: number; order: number | null; first: number | null }

/** What a node stands for, and how much of it is in use. */
export interface NodeCoverage {
  /** Order of the blocks; null where there is no one order. */
  order: number | null
  /** Memory that its bits, slots or entries stand for; null where that is no one stretch. */
  range: Range | null
  /** What is counted: bits of preserved blocks, slots that lead on, entries of a list. */
  unit: 'blocks' | 'slots' | 'entries'
  used: number
  of: number
}

/** One tracker format: all that the project knows of it. Adding one is a folder with this shape and a line in the table. */
export interface Tracker {
  /** Name of the family of structures. */
  readonly format: string
  /** Finds the tracker's root in a root FDT; null where the property is not there, or cannot be this format's. */
  locate(fdt: FdtNode, place: MapPlace): TrackerRoot | null
  decode(memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): TrackerDecode
  /** Whether what is there is in this format, as far as its own bytes tell, and why. */
  recognise(memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): Recognition
  /** From the root down to the bit of a preserved block. Empty where that cannot be followed. */
  trace(reading: TrackerReading, address: number, order: number): TrackerStep[]
  /** What a node's bytes are. Empty where the dump lacks it. */
  pieces(reading: TrackerReading, node: TrackerNode): NodePiece[]
  /** Which memory a node covers, and how full it is; null where the dump lacks it. */
  coverage(reading: TrackerReading, node: TrackerNode): NodeCoverage | null
  readonly encoder: TrackerEncoder
}
