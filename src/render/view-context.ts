import type { Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import type { PageSet } from '../../formats/pages/page-set.js'

/** What views need to read lists that a decoder leaves in memory. */
export interface ViewContext {
  memory: PhysicalMemory
  geometry: Geometry
  /** What is preserved, as far as the map could be read. */
  pages: PageSet
}
