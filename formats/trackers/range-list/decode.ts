import { hex } from '../../memory/fault.js'
import { createFaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { u64, viewOf } from '../../memory/u64.js'
import { addRun, createPageSet } from '../../pages/page-set.js'
import { nodePath } from '../shared/read.js'
import type { TrackerDecode, TrackerNode, TrackerOptions, TrackerRoot } from '../tracker.js'
import {
  RANGE_COUNT,
  RANGE_ENTRY,
  RANGE_HEADER,
  RANGE_NEXT,
  RANGE_SIZE,
  RANGE_START,
  rangeCapacity,
} from './shape.js'

/** A list of ranges; orders are not recorded, so pages come back as order 0. */
export function decodeRangeList(
  memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): TrackerDecode {
  const { pageShift, pageSize } = options.geometry
  const capacity = rangeCapacity(options.geometry)
  const pages = createPageSet(pageShift)
  const nodes: TrackerNode[] = []
  const faults = createFaultLog()
  const visited = new Set<number>()
  let badPointers = 0
  let absentNodes = 0
  let budget = 2 ** 34
  for (let chunk = root.addresses[0] ?? 0; chunk !== 0; ) {
    const path = nodePath(chunk)
    if (chunk >= ADDRESS_LIMIT || chunk % pageSize !== 0 || visited.has(chunk)) {
      badPointers++
      faults.add(
        visited.has(chunk) ? 'CHUNK-CYCLE' : 'CHUNK-POINTER',
        `range chunk ${hex(chunk)} is not usable`,
        null,
        path,
      )
      break
    }
    visited.add(chunk)
    const read = memory.read(chunk, pageSize)
    if (!read.ok) {
      absentNodes++
      faults.add(
        'CHUNK-ABSENT',
        `range chunk ${hex(chunk)} is not in the dump (${read.reason})`,
        chunk,
        path,
        read.reason,
      )
      break
    }
    const view = viewOf(read.bytes)
    nodes.push({ address: chunk, kind: 'chunk', level: null, order: null, start: null, size: pageSize })
    const stated = u64(view, RANGE_COUNT)
    if (stated > capacity) {
      badPointers++
      faults.add(
        'CHUNK-NUM-ELMS',
        `range chunk ${hex(chunk)} says it has ${stated} ranges, a page holds ${capacity}`,
        chunk + RANGE_COUNT,
        path,
      )
    }
    for (let i = 0; i < Math.min(stated, capacity); i++) {
      const at = RANGE_HEADER + i * RANGE_ENTRY
      const start = u64(view, at + RANGE_START)
      const size = u64(view, at + RANGE_SIZE)
      const count = Math.ceil(size / pageSize)
      budget -= count
      if (start + size > ADDRESS_LIMIT || start % pageSize !== 0 || budget < 0) {
        badPointers++
        faults.add('MEM-RANGE', `range ${hex(start)} + ${hex(size)} is no range of memory`, chunk + at, path)
        continue
      }
      addRun(pages, 0, start / pageSize, count)
    }
    chunk = u64(view, RANGE_NEXT)
  }
  return { pages, nodes, faults: faults.list(), badPointers, absentNodes }
}
