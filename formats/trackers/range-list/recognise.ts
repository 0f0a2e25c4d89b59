import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { u64, viewOf } from '../../memory/u64.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { readStart } from '../shared/read.js'
import type { Recognition } from '../tracker.js'
import { RANGE_COUNT, RANGE_HEADER, rangeCapacity } from './shape.js'

/** A chunk of ranges has a plain count where a chunk of bitmaps has { order, num_elms }. */
export function recogniseRangeList(
  memory: PhysicalMemory,
  root: TrackerRoot,
  { geometry }: TrackerOptions,
): Recognition {
  const read = readStart(memory, root, RANGE_HEADER)
  if (read === null) return { verdict: 'no', why: 'there is no chunk of ranges' }
  const count = u64(viewOf(read.bytes), RANGE_COUNT)
  if (count > 0 && count <= rangeCapacity(geometry))
    return { verdict: 'yes', why: `the first chunk counts ${count} ranges` }
  return { verdict: 'no', why: 'the first chunk does not begin with a count of ranges' }
}
