import type { PhysicalMemory } from '../../memory/physical-memory.js'
import type { TrackerRoot } from '../place.js'
import type { Recognition } from '../tracker.js'

/** The property holds an address for each order; that of the lists, one address. */
export function recognisePageTable(_memory: PhysicalMemory, { addresses }: TrackerRoot): Recognition {
  if (addresses.length === 1)
    return { verdict: 'no', why: 'the property holds one address, not one an order' }
  return { verdict: 'yes', why: `the property holds ${addresses.length} addresses, one an order` }
}
