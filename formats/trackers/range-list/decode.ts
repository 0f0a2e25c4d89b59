import { followChain } from '../../memory/chain.js'
import { hex } from '../../memory/fault.js'
import { createFaultLog } from '../../memory/fault-log.js'
import { ADDRESS_LIMIT } from '../../memory/geometry.js'
import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { u64 } from '../../memory/u64.js'
import { addRun, createPageSet } from '../../pages/page-set.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { nodePath } from '../shared/read.js'
import type { TrackerDecode, TrackerNode } from '../tracker.js'
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
  let badPointers = 0
  let absentNodes = 0
  let budget = 2 ** 34
  const shape = { size: pageSize, alignment: pageSize, nextAt: RANGE_NEXT }
  followChain(memory, root.addresses[0] ?? 0, shape, {
    fault({ kind, address, reason }) {
      const path = nodePath(address)
      if (kind === 'absent') {
        absentNodes++
        const message = `range chunk ${hex(address)} is not in the dump (${reason})`
        faults.add('CHUNK-ABSENT', message, address, path, reason)
        return
      }
      badPointers++
      const code = kind === 'cycle' ? 'CHUNK-CYCLE' : 'CHUNK-POINTER'
      faults.add(code, `range chunk ${hex(address)} is not usable`, null, path)
    },
    link({ address, view }) {
      const path = nodePath(address)
      nodes.push({ address, kind: 'chunk', level: null, order: null, start: null, size: pageSize })
      const stated = u64(view, RANGE_COUNT)
      if (stated > capacity) {
        badPointers++
        const message = `range chunk ${hex(address)} says it has ${stated} ranges, a page holds ${capacity}`
        faults.add('CHUNK-NUM-ELMS', message, address + RANGE_COUNT, path)
      }
      for (let i = 0; i < Math.min(stated, capacity); i++) {
        const at = RANGE_HEADER + i * RANGE_ENTRY
        const start = u64(view, at + RANGE_START)
        const size = u64(view, at + RANGE_SIZE)
        const count = Math.ceil(size / pageSize)
        budget -= count
        if (start + size > ADDRESS_LIMIT || start % pageSize !== 0 || budget < 0) {
          badPointers++
          const message = `range ${hex(start)} + ${hex(size)} is no range of memory`
          faults.add('MEM-RANGE', message, address + at, path)
          continue
        }
        addRun(pages, 0, start / pageSize, count)
      }
    },
  })
  return { pages, nodes, faults: faults.list(), badPointers, absentNodes }
}
