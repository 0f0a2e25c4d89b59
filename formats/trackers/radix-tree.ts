import { type FdtNode, type FdtTree, findProperty, nativeU64 } from '../fdt/index.js'
import { hex } from '../memory/fault.js'
import { createFaultLog, type FaultLog } from '../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { u64, viewOf } from '../memory/u64.js'
import { createPageSet, type PageSet } from '../pages/page-set.js'
import { wordsOf } from '../pages/words.js'
import { addLeaf } from './radix-leaf.js'
import type { Tracker, TrackerDecode, TrackerNode, TrackerOptions, TrackerRoot } from './tracker.js'

/** What follows from a page size for the radix tree. include/linux/kho/abi/kexec_handover.h, 7.2. */
export interface RadixShape {
  /** KHO_ORDER_0_LOG2: position of the order bit of an order-0 key. */
  order0: number
  /** KHO_TABLE_SIZE_LOG2: bits of a key that one table resolves. */
  tableLog2: number
  /** KHO_BITMAP_SIZE_LOG2: bits of a key that a leaf resolves. */
  bitmapLog2: number
  /** KHO_TREE_MAX_DEPTH: levels, leaf included. */
  depth: number
}

/**
 * The shape of the tree for a page size. `depth` overrides the number of levels: up to 7.1-rc5 it was one too small
 * for 16K pages (d64b0372760e), and order-0 keys lost their order bit.
 */
export function radixShape(geometry: Geometry, depth?: number): RadixShape {
  const order0 = 64 - geometry.pageShift
  const tableLog2 = geometry.pageShift - 3
  const bitmapLog2 = geometry.pageShift + 3
  const levels = Math.ceil((order0 - bitmapLog2 + 1) / tableLog2) + 1
  return { order0, tableLog2, bitmapLog2, depth: depth ?? levels }
}

/** Depth before the fix: 6, 4, 4 for pages of 4K, 16K, 64K. */
export function shortDepth(geometry: Geometry): number {
  const { order0, tableLog2, bitmapLog2 } = radixShape(geometry)
  return Math.ceil((order0 - bitmapLog2) / tableLog2) + 1
}

/** Bits of the key below the index of a level's table. */
export function levelShift(shape: RadixShape, level: number): number {
  return (level - 1) * shape.tableLog2 + shape.bitmapLog2
}

/** The tracker of kho-v2, v3 and v4. */
export const radixTree: Tracker = {
  format: 'radix-tree',
  locate: locateRadixTree,
  decode: decodeRadixTree,
}

/** `preserved-memory-map`, in the first two postings `preserved-page-radix-tree`, of the root: 8 bytes. */
function locateRadixTree(fdt: FdtTree | FdtNode): TrackerRoot | null {
  const root = 'root' in fdt ? fdt.root : fdt
  const property =
    findProperty(root, 'preserved-memory-map') ?? findProperty(root, 'preserved-page-radix-tree')
  const value = property && nativeU64(property)
  return value === null ? null : { addresses: [Number(value)] }
}

interface Walk {
  memory: PhysicalMemory
  geometry: Geometry
  shape: RadixShape
  /** First key value that carries an order bit for sure, in trees that lost that of order 0; else 0. */
  bareLimit: number
  pages: PageSet
  nodes: TrackerNode[]
  faults: FaultLog
  /** Level at which each page was met first. */
  visited: Map<number, number>
  /** Pages on the way from the root to the current node. */
  ancestors: Set<number>
  badPointers: number
  absentNodes: number
}

function decodeRadixTree(memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): TrackerDecode {
  const shape = radixShape(options.geometry, options.depth)
  const short = shape.depth < radixShape(options.geometry).depth
  // Without RAM known, take it that no order above 20 and no RAM above 2^(order0-20) pages exists.
  const bareLimit = short ? Math.ceil((options.ramEnd ?? 2 ** 44) / options.geometry.pageSize) : 0
  const walk: Walk = {
    memory,
    geometry: options.geometry,
    shape,
    bareLimit,
    pages: createPageSet(options.geometry.pageShift),
    nodes: [],
    faults: createFaultLog(),
    visited: new Map(),
    ancestors: new Set(),
    badPointers: 0,
    absentNodes: 0,
  }
  const address = root.addresses[0] ?? 0
  if (address !== 0) visitNode(walk, address, shape.depth - 1, 0, 'the root property', null)
  const { pages, nodes, badPointers, absentNodes } = walk
  return { pages, nodes, faults: walk.faults.list(), badPointers, absentNodes }
}

function visitNode(
  walk: Walk,
  address: number,
  level: number,
  prefix: number,
  from: string,
  slot: number | null,
): void {
  const path = `tracker/nodes/${hex(address)}`
  if (!checkPointer(walk, address, level, from, slot)) return
  const read = walk.memory.read(address, walk.geometry.pageSize)
  if (!read.ok) {
    walk.absentNodes++
    const message = `radix node ${hex(address)} of level ${level}, named by ${from}, is not in the dump (${read.reason})`
    walk.faults.add('RADIX-NODE-ABSENT', message, address, path, read.reason)
    return
  }
  walk.visited.set(address, level)
  const kind = level === 0 ? 'leaf' : 'table'
  walk.nodes.push({ address, kind, level, order: null, size: walk.geometry.pageSize })
  if (level === 0) {
    const lost = addLeaf(walk.pages, walk.shape, prefix, wordsOf(read.bytes), walk.bareLimit)
    for (const problem of lost) walk.faults.add(problem.code, problem.message, address, path)
    return
  }
  walk.ancestors.add(address)
  visitTable(walk, viewOf(read.bytes), address, level, prefix)
  walk.ancestors.delete(address)
}

function visitTable(walk: Walk, view: DataView, address: number, level: number, prefix: number): void {
  const shift = levelShift(walk.shape, level)
  const weight = 2 ** shift
  const top = level === walk.shape.depth - 1
  // Root slots above this one set a bit above the order bit of order 0.
  const limit = top ? Math.floor(2 ** (walk.shape.order0 + 1 - shift)) : walk.geometry.tableEntries
  for (let slot = 0; slot < walk.geometry.tableEntries; slot++) {
    const entry = u64(view, slot * 8)
    if (entry === 0) continue
    if (slot >= limit) {
      rejectRootSlot(walk, entry, address, level, slot, limit)
      continue
    }
    visitNode(
      walk,
      entry,
      level - 1,
      prefix + slot * weight,
      `slot ${slot} of ${hex(address)}`,
      address + slot * 8,
    )
  }
}

/** False, with a fault, where a pointer leads nowhere that a tree could have it lead. */
function checkPointer(
  walk: Walk,
  address: number,
  level: number,
  from: string,
  slot: number | null,
): boolean {
  if (address >= ADDRESS_LIMIT) {
    walk.badPointers++
    walk.faults.add('RADIX-POINTER', `pointer ${hex(address)} in ${from} is no physical address`, slot)
    return false
  }
  const path = `tracker/nodes/${hex(address)}`
  if (address % walk.geometry.pageSize !== 0) {
    walk.badPointers++
    walk.faults.add(
      'RADIX-POINTER',
      `pointer ${hex(address)} in ${from} is not page aligned`,
      slot ?? address,
    )
    return false
  }
  if (walk.ancestors.has(address)) {
    walk.badPointers++
    const message = `${from} points back to ${hex(address)}, which lies above it: a kernel walks this circle once for each way through it`
    walk.faults.add('RADIX-CYCLE', message, slot ?? address, path)
    return false
  }
  const met = walk.visited.get(address)
  if (met !== undefined) {
    walk.badPointers++
    const as = met === level ? `level ${level}` : `level ${met}, here level ${level}`
    const message = `${from} points to ${hex(address)}, which another slot uses too (${as}); its blocks are counted once`
    walk.faults.add('RADIX-SHARED-NODE', message, slot ?? address, path)
    return false
  }
  return true
}

/**
 * A root slot above the last legal one. The first such slot, all following indexes 0 and bit 0 alone, is how kernels
 * with the older count_trailing_zeros record a range that begins at pfn 0 (order -1).
 */
function rejectRootSlot(
  walk: Walk,
  entry: number,
  address: number,
  level: number,
  slot: number,
  limit: number,
): void {
  const at = address + slot * 8
  const nodes = slot === limit ? wrappedOrderPath(walk, entry, level - 1) : null
  if (nodes === null) {
    walk.badPointers++
    const message = `slot ${slot} of root ${hex(address)} is used; the last one that a key can reach is ${limit - 1}`
    walk.faults.add('RADIX-ROOT-INDEX', message, at)
    return
  }
  walk.nodes.push(...nodes)
  for (const node of nodes) walk.visited.set(node.address, node.level ?? 0)
  const message =
    'order 0xffffffff: a range that began at pfn 0 was recorded with order -1 (count_trailing_zeros(0) was -1); the range itself is not preserved'
  walk.faults.add('PFN0-ORDER', message, at)
}

/** The nodes from `address` down to a leaf that holds bit 0 and nothing else, or null where that is not what is there. */
function wrappedOrderPath(walk: Walk, address: number, level: number): TrackerNode[] | null {
  const nodes: TrackerNode[] = []
  let node = address
  for (let at = level; at >= 0; at--) {
    if (node >= ADDRESS_LIMIT || node % walk.geometry.pageSize !== 0 || walk.visited.has(node)) return null
    const read = walk.memory.read(node, walk.geometry.pageSize)
    if (!read.ok) return null
    const view = viewOf(read.bytes)
    for (let offset = 8; offset < read.bytes.length; offset += 8) {
      if (u64(view, offset) !== 0) return null
    }
    nodes.push({
      address: node,
      kind: at === 0 ? 'leaf' : 'table',
      level: at,
      order: null,
      size: read.bytes.length,
    })
    node = u64(view, 0)
  }
  return node === 1 ? nodes : null
}
