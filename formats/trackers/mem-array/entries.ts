import { type FdtNode, findProperty } from '../../fdt/index.js'
import { KHO_MEM } from '../../layout/kho-mem.js'
import { offsetOf } from '../../layout/struct.js'
import { u64, viewOf } from '../../memory/u64.js'
import type { MapPlace, TrackerRoot } from '../place.js'

/** Bytes of one struct kho_mem: { addr, size }. Patches v1 to v4, 2023 to February 2025. */
export const MEM_ENTRY = KHO_MEM.size
/** The property that any node may carry. */
const MEM_PROPERTY = 'mem'
export const ENTRY_ADDRESS = offsetOf(KHO_MEM, 'addr')
export const ENTRY_SIZE = offsetOf(KHO_MEM, 'size')

/** One element of a `mem` property. */
export interface MemEntry {
  /** Path of the node in the root FDT. */
  node: string
  start: number
  size: number
}

/** Every element of every `mem` property whose length is a multiple of 16 (others are skipped, as the kernel did). */
export function memEntries(root: FdtNode, name = MEM_PROPERTY): MemEntry[] {
  const entries: MemEntry[] = []
  const pending = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (let i = node.children.length - 1; i >= 0; i--) pending.push(node.children[i]!)
    const property = findProperty(node, name)
    if (property === null || property.value.length % MEM_ENTRY !== 0) continue
    const view = viewOf(property.value)
    for (let offset = 0; offset < property.value.length; offset += MEM_ENTRY) {
      const start = u64(view, offset + ENTRY_ADDRESS)
      entries.push({ node: node.path, start, size: u64(view, offset + ENTRY_SIZE) })
    }
  }
  return entries
}

/** The ranges lie in the FDT itself, so there is no address to begin at: the tree is the root. */
export function locateMemArray(fdt: FdtNode, { property }: MapPlace): TrackerRoot | null {
  return memEntries(fdt, property).length > 0 ? { addresses: [], fdt } : null
}
