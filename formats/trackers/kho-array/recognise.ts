import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { viewOf } from '../../memory/u64.js'
import type { TrackerRoot } from '../place.js'
import { readStart } from '../shared/read.js'
import type { Recognition } from '../tracker.js'
import { ARRAY_HEADER, isArrayHeader } from './shape.js'

/** struct kho_array begins with the number 'KARR', version 0: no address that a chunk's `next` could be. */
export function recogniseKhoArray(memory: PhysicalMemory, root: TrackerRoot): Recognition {
  const read = readStart(memory, root, ARRAY_HEADER)
  if (read === null) return { verdict: 'no', why: 'there is no header of an array' }
  return isArrayHeader(viewOf(read.bytes))
    ? { verdict: 'yes', why: 'the map begins with the magic number of an array' }
    : { verdict: 'no', why: 'the map does not begin with the magic number of an array' }
}
