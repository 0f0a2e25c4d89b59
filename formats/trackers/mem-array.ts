import { type FdtNode, type FdtTree, findProperty } from '../fdt/index.js'
import { KHO_MEM } from '../layout/kho-mem.js'
import { hex } from '../memory/fault.js'
import { createFaultLog } from '../memory/fault-log.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { u64, viewOf } from '../memory/u64.js'
import { addRun, createPageSet } from '../pages/page-set.js'
import type { Tracker, TrackerDecode, TrackerOptions, TrackerRoot } from './tracker.js'

/** Bytes of one struct kho_mem: { addr, size }. Patches v1 to v4, 2023 to February 2025. */
export const MEM_ENTRY = KHO_MEM.size

/** One element of a `mem` property. */
export interface MemEntry {
  /** Path of the node in the root FDT. */
  node: string
  start: number
  size: number
}

/** The arrays of ranges that any node of the early root FDT may carry. They know no orders: pages come back as order 0. */
export const memArray: Tracker = {
  format: 'mem-array',
  // The ranges lie in the FDT itself, so there is no address to begin at: the tree is the root.
  locate: fdt =>
    memEntries('root' in fdt ? fdt.root : fdt).length > 0 ? { addresses: [], fdt: rootOf(fdt) } : null,
  decode: decodeMemArray,
}

function rootOf(fdt: FdtTree | FdtNode): FdtNode {
  return 'root' in fdt ? fdt.root : fdt
}

/** Every element of every `mem` property whose length is a multiple of 16 (others are skipped, as the kernel did). */
export function memEntries(root: FdtNode): MemEntry[] {
  const entries: MemEntry[] = []
  const pending = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (let i = node.children.length - 1; i >= 0; i--) pending.push(node.children[i]!)
    const property = findProperty(node, 'mem')
    if (property === null || property.value.length % MEM_ENTRY !== 0) continue
    const view = viewOf(property.value)
    for (let offset = 0; offset < property.value.length; offset += MEM_ENTRY) {
      entries.push({ node: node.path, start: u64(view, offset), size: u64(view, offset + 8) })
    }
  }
  return entries
}

function decodeMemArray(_memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): TrackerDecode {
  const { pageShift, pageSize } = options.geometry
  const pages = createPageSet(pageShift)
  const faults = createFaultLog()
  let badPointers = 0
  // A range costs 16 bytes in the image and a bit a page here: stop at what a machine can have.
  let budget = 2 ** 34
  for (const { node, start, size } of root.fdt === undefined ? [] : memEntries(root.fdt)) {
    const where = `mem of ${node}`
    if (start >= ADDRESS_LIMIT || size >= ADDRESS_LIMIT || start + size > ADDRESS_LIMIT) {
      badPointers++
      faults.add('MEM-RANGE', `${where}: ${hex(start)} + ${hex(size)} is no range of memory`, null, 'fdt')
      continue
    }
    if (start % pageSize !== 0 || size % pageSize !== 0) {
      faults.add(
        'MEM-ALIGN',
        `${where}: ${hex(start)} + ${hex(size)} is not page aligned; whole pages are taken`,
        null,
        'fdt',
      )
    }
    const first = Math.floor(start / pageSize)
    const count = Math.ceil((start + size) / pageSize) - first
    budget -= count
    if (budget < 0) {
      faults.add(
        'MEM-RANGE',
        `${where}: more than ${hex(2 ** 34)} pages in all; the rest is left out`,
        null,
        'fdt',
      )
      break
    }
    addRun(pages, 0, first, count)
  }
  return { pages, nodes: [], faults: faults.list(), badPointers, absentNodes: 0 }
}
