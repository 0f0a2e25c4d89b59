import { hex } from '../../memory/fault.js'
import { createFaultLog, type FaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { u64, viewOf } from '../../memory/u64.js'
import { addBitmap, createPageSet, type PageSet } from '../../pages/page-set.js'
import { nextUsedSlot, wordsOf } from '../../pages/words.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { nodePath, WORD } from '../shared/read.js'
import type { TrackerDecode, TrackerNode } from '../tracker.js'
import { levelBlocks, TABLE_LEVELS, TABLE_ORDERS, tableSlots } from './shape.js'

interface Walk {
  memory: PhysicalMemory
  geometry: Geometry
  order: number
  pages: PageSet
  nodes: TrackerNode[]
  faults: FaultLog
  visited: Set<number>
  badPointers: number
  absentNodes: number
}

/** Trees of tables with bitmaps at the leaves, one for each order, their roots in a property. */
export function decodePageTable(
  memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): TrackerDecode {
  const { geometry } = options
  const walk: Walk = {
    memory,
    geometry,
    order: 0,
    pages: createPageSet(geometry.pageShift),
    nodes: [],
    faults: createFaultLog(),
    visited: new Set(),
    badPointers: 0,
    absentNodes: 0,
  }
  root.addresses.forEach((address, order) => {
    if (address === 0) return
    if (order >= TABLE_ORDERS) {
      const message = `a tree for order ${order}: the kernel of this format has ${TABLE_ORDERS} orders and reads no more`
      walk.faults.add('TABLE-ORDER', message, null, 'fdt')
    }
    walk.order = order
    visitTable(walk, address, TABLE_LEVELS, 0, null)
  })
  const { pages, nodes, badPointers, absentNodes } = walk
  return { pages, nodes, faults: walk.faults.list(), badPointers, absentNodes }
}

/** The descriptor that names a table; null for the root property's. */
interface Descriptor {
  table: number
  index: number
}

function textOf(walk: Walk, from: Descriptor | null): string {
  if (from === null) return `entry ${walk.order} of the root property`
  return `descriptor ${from.index} of ${hex(from.table)}`
}

/** `base` is the number of the first block under this table. */
function visitTable(walk: Walk, address: number, level: number, base: number, from: Descriptor | null): void {
  const { geometry, order } = walk
  if (address >= ADDRESS_LIMIT || address % geometry.pageSize !== 0) {
    walk.badPointers++
    const why = address >= ADDRESS_LIMIT ? 'is no physical address' : 'has reserved low bits set'
    walk.faults.of('TABLE-POINTER')?.(`descriptor ${hex(address)} in ${textOf(walk, from)} ${why}`)
    return
  }
  if (walk.visited.has(address)) {
    walk.badPointers++
    walk.faults.of('TABLE-SHARED-NODE')?.(
      `${textOf(walk, from)} points to ${hex(address)}, which another descriptor uses too; its blocks are counted once`,
      address,
      nodePath(address),
    )
    return
  }
  walk.visited.add(address)
  const read = walk.memory.read(address, geometry.pageSize)
  if (!read.ok) {
    walk.absentNodes++
    walk.faults.of('TABLE-ABSENT')?.(
      `table ${hex(address)}, named by ${textOf(walk, from)}, is not in the dump (${read.reason})`,
      address,
      nodePath(address),
      read.reason,
    )
    return
  }
  const kind = level === 1 ? 'leaf' : 'table'
  const start = base * geometry.pageSize * 2 ** order
  walk.nodes.push({ address, kind, level: level - 1, order, start, size: geometry.pageSize })
  if (level === 1) {
    const lost = addBitmap(walk.pages, order, base, wordsOf(read.bytes))
    if (lost > 0) {
      walk.faults.of('BLOCK-ADDRESS')?.(
        `${lost} blocks of order ${order} lie at or above 2^52`,
        address,
        nodePath(address),
      )
    }
    return
  }
  const view = viewOf(read.bytes)
  const blocks = levelBlocks(geometry, level)
  const slots = tableSlots(geometry, level, order)
  const words = wordsOf(read.bytes)
  for (
    let slot = nextUsedSlot(words, 0);
    slot < geometry.tableEntries;
    slot = nextUsedSlot(words, slot + 1)
  ) {
    const entry = u64(view, slot * WORD)
    if (slot >= slots) {
      walk.badPointers++
      walk.faults.of('TABLE-INDEX')?.(
        `descriptor ${slot} of ${hex(address)} is past the last that an address reaches`,
        address,
        nodePath(address),
      )
      continue
    }
    visitTable(walk, entry, level - 1, base + slot * blocks, { table: address, index: slot })
  }
}
