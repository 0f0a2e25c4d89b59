import { type Absence, hex } from '../../memory/fault.js'
import { createFaultLog, type FaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { u64, viewOf } from '../../memory/u64.js'
import { createPageSet, type PageSet } from '../../pages/page-set.js'
import { nextUsedSlot, wordsOf } from '../../pages/words.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { nodePath, WORD } from '../shared/read.js'
import type { TrackerDecode, TrackerNode } from '../tracker.js'
import { addLeaf } from './leaf.js'
import { bareKeyLimit, levelShift, prefixMeaning, type RadixShape, radixShape, rootSlots } from './shape.js'

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

/** The tracker of kho-v2, v3 and v4: every node once, and what is wrong with it. */
export function decodeRadixTree(
  memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): TrackerDecode {
  const shape = radixShape(options.geometry, options.depth)
  const walk: Walk = {
    memory,
    geometry: options.geometry,
    shape,
    bareLimit: bareKeyLimit(options.geometry, shape, options.ramEnd),
    pages: createPageSet(options.geometry.pageShift),
    nodes: [],
    faults: createFaultLog(),
    visited: new Map(),
    ancestors: new Set(),
    badPointers: 0,
    absentNodes: 0,
  }
  const address = root.addresses[0] ?? 0
  if (address !== 0) visitNode(walk, address, shape.depth - 1, 0, null)
  const { pages, nodes, badPointers, absentNodes } = walk
  return { pages, nodes, faults: walk.faults.list(), badPointers, absentNodes }
}

/** The slot that names a node; null for the root, which a property names. Made into words only where they are needed. */
interface Slot {
  table: number
  index: number
}

function textOf(from: Slot | null): string {
  return from === null ? 'the root property' : `slot ${from.index} of ${hex(from.table)}`
}

function slotAddress(from: Slot | null): number | null {
  return from === null ? null : from.table + from.index * WORD
}

function visitNode(walk: Walk, address: number, level: number, prefix: number, from: Slot | null): void {
  if (!checkPointer(walk, address, level, from)) return
  const read = walk.memory.read(address, walk.geometry.pageSize)
  if (!read.ok) {
    walk.absentNodes++
    walk.faults.of('RADIX-NODE-ABSENT')?.(
      `radix node ${hex(address)} of level ${level}, named by ${textOf(from)}, is not in the dump (${read.reason})`,
      address,
      nodePath(address),
      read.reason,
    )
    return
  }
  walk.visited.set(address, level)
  const kind = level === 0 ? 'leaf' : 'table'
  const { order, start } = placeOf(walk, level, prefix)
  walk.nodes.push({ address, kind, level, order, start, size: walk.geometry.pageSize })
  if (level === 0) {
    const lost = addLeaf(walk.pages, walk.shape, prefix, wordsOf(read.bytes), walk.bareLimit)
    for (const problem of lost) walk.faults.add(problem.code, problem.message, address, nodePath(address))
    return
  }
  walk.ancestors.add(address)
  visitTable(walk, read.bytes, address, level, prefix)
  walk.ancestors.delete(address)
}

/** The order and the first address of the keys behind a prefix, where they have but one. */
function placeOf(
  { shape, bareLimit, geometry }: Walk,
  level: number,
  prefix: number,
): Pick<TrackerNode, 'order' | 'start'> {
  // The first table of each level has keys of several orders below it.
  const meaning = level > 0 && prefix === 0 ? null : prefixMeaning(shape, prefix, bareLimit)
  if (meaning === null) return { order: null, start: null }
  return { order: meaning.order, start: meaning.first * geometry.pageSize * 2 ** meaning.order }
}

function visitTable(walk: Walk, bytes: Uint8Array, address: number, level: number, prefix: number): void {
  const shift = levelShift(walk.shape, level)
  const weight = 2 ** shift
  const top = level === walk.shape.depth - 1
  const limit = top ? rootSlots(walk.shape) : walk.geometry.tableEntries
  const words = wordsOf(bytes)
  const view = viewOf(bytes)
  const slots = walk.geometry.tableEntries
  for (let slot = nextUsedSlot(words, 0); slot < slots; slot = nextUsedSlot(words, slot + 1)) {
    const entry = u64(view, slot * WORD)
    if (slot >= limit) {
      rejectRootSlot(walk, entry, address, level, slot, limit)
      continue
    }
    visitNode(walk, entry, level - 1, prefix + slot * weight, { table: address, index: slot })
  }
}

function levelsText(met: number, level: number): string {
  return met === level ? `level ${level}` : `level ${met}, here level ${level}`
}

/** False, with a fault, where a pointer leads nowhere that a tree could have it lead. */
function checkPointer(walk: Walk, address: number, level: number, from: Slot | null): boolean {
  if (address >= ADDRESS_LIMIT) {
    walk.badPointers++
    walk.faults.of('RADIX-POINTER')?.(
      `pointer ${hex(address)} in ${textOf(from)} is no physical address`,
      slotAddress(from),
    )
    return false
  }
  if (address % walk.geometry.pageSize !== 0) {
    walk.badPointers++
    walk.faults.of('RADIX-POINTER')?.(
      `pointer ${hex(address)} in ${textOf(from)} is not page aligned`,
      slotAddress(from) ?? address,
    )
    return false
  }
  if (walk.ancestors.has(address)) {
    walk.badPointers++
    walk.faults.of('RADIX-CYCLE')?.(
      `${textOf(from)} points back to ${hex(address)}, which lies above it: a kernel walks this circle once for each way through it`,
      slotAddress(from) ?? address,
      nodePath(address),
    )
    return false
  }
  const met = walk.visited.get(address)
  if (met !== undefined) {
    walk.badPointers++
    walk.faults.of('RADIX-SHARED-NODE')?.(
      `${textOf(from)} points to ${hex(address)}, which another slot uses too (${levelsText(met, level)}); its blocks are counted once`,
      slotAddress(from) ?? address,
      nodePath(address),
    )
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
  const at = address + slot * WORD
  const nodes = slot === limit ? wrappedOrderPath(walk, entry, level - 1) : null
  if (nodes !== null && 'absent' in nodes) {
    walk.absentNodes++
    const { absent, reason } = nodes
    const message = `radix node ${hex(absent)} under slot ${slot} of root ${hex(address)}, which no key reaches but that of a range from pfn 0, is not in the dump (${reason})`
    walk.faults.add('RADIX-NODE-ABSENT', message, absent, nodePath(absent), reason)
    return
  }
  if (nodes === null) {
    walk.badPointers++
    walk.faults.of('RADIX-ROOT-INDEX')?.(
      `slot ${slot} of root ${hex(address)} is used; the last one that a key can reach is ${limit - 1}`,
      at,
    )
    return
  }
  for (const node of nodes) {
    walk.nodes.push(node)
    walk.visited.set(node.address, node.level ?? 0)
  }
  const message =
    'order 0xffffffff: a range that began at pfn 0 was recorded with order -1 (count_trailing_zeros(0) was -1); the range itself is not preserved'
  walk.faults.add('PFN0-ORDER', message, at)
}

/**
 * The nodes from `address` down to a leaf that holds bit 0 and nothing else, or null where that is not what is there; or the
 * first of them that the dump lacks, so that nobody knows.
 */
function wrappedOrderPath(
  walk: Walk,
  address: number,
  level: number,
): TrackerNode[] | { absent: number; reason: Absence } | null {
  const nodes: TrackerNode[] = []
  let node = address
  for (let at = level; at >= 0; at--) {
    if (node >= ADDRESS_LIMIT || node % walk.geometry.pageSize !== 0 || walk.visited.has(node)) return null
    const read = walk.memory.read(node, walk.geometry.pageSize)
    if (!read.ok) return read.reason === 'outside' ? null : { absent: node, reason: read.reason }
    const view = viewOf(read.bytes)
    for (let offset = WORD; offset < read.bytes.length; offset += WORD) {
      if (u64(view, offset) !== 0) return null
    }
    nodes.push({
      address: node,
      kind: at === 0 ? 'leaf' : 'table',
      level: at,
      order: null,
      start: null,
      size: read.bytes.length,
    })
    node = u64(view, 0)
  }
  return node === 1 ? nodes : null
}
