import type { PhysicalMemory } from '../../memory/physical-memory.js'
import { u64, viewOf } from '../../memory/u64.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { readStart, WORD } from '../shared/read.js'
import type { Recognition } from '../tracker.js'
import { radixShape, rootSlots, shortDepth } from './shape.js'

/**
 * Whether a root has slots as a tree of that depth has them. With pages of 16K there were trees of 4 levels and of 5: the
 * page of the root FDT is always preserved, which in a tree of 5 levels sets slot 1 of the root, and no key reaches a slot
 * above that but the one of the pfn-0 bug.
 */
export function recogniseRadixTree(
  memory: PhysicalMemory,
  root: TrackerRoot,
  options: TrackerOptions,
): Recognition {
  const { geometry } = options
  const shape = radixShape(geometry, options.depth)
  const read = readStart(memory, root, geometry.pageSize)
  if (read === null) return { verdict: 'maybe', why: 'the root of the tree cannot be read' }
  const full = radixShape(geometry).depth
  const short = shortDepth(geometry)
  if (short === full) return { verdict: 'maybe', why: `trees of these pages have ${full} levels` }
  const view = viewOf(read.bytes)
  const used = (slot: number) => u64(view, slot * WORD) !== 0
  const limit = rootSlots(radixShape(geometry, full))
  let beyond = 0
  for (let slot = limit + 1; slot < geometry.tableEntries; slot++) if (used(slot)) beyond++
  const signs: string[] = []
  if (!used(limit - 1)) signs.push(`slot ${limit - 1} of the root is empty`)
  if (beyond > 0) signs.push(`slots above ${limit} of the root are used`)
  if (signs.length === 0) return { verdict: 'maybe', why: `slot ${limit - 1} of the root is used` }
  return { verdict: shape.depth === short ? 'yes' : 'no', why: signs[0]! }
}
