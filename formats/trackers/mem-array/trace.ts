import { appendPath } from '../../layout/index.js'
import type { TrackerReading, TrackerStep } from '../tracker.js'
import { memEntries } from './entries.js'

/** The element of a `mem` property that has an address, with the path of its node in the root FDT. */
export function traceMemArray({ root, options }: TrackerReading, address: number): TrackerStep[] {
  let node = ''
  let slot = 0
  for (const entry of root.fdt === undefined ? [] : memEntries(root.fdt)) {
    slot = entry.node === node ? slot + 1 : 0
    node = entry.node
    const first = entry.start - (entry.start % options.geometry.pageSize)
    if (address < first || address >= entry.start + entry.size) continue
    const path = node.split('/').filter(part => part !== '')
    return [{ node: appendPath('fdt', ...path, 'mem'), slot, bit: null }]
  }
  return []
}
