import { hex } from '../../memory/fault.js'
import { createFaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { addRun, createPageSet } from '../../pages/page-set.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import type { TrackerDecode } from '../tracker.js'
import { memEntries } from './entries.js'

/** The arrays of ranges that any node of the early root FDT may carry. They know no orders: pages come back as order 0. */
export function decodeMemArray(
  _memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): TrackerDecode {
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
