import { type Geometry, geometry, PAGE_SHIFTS, type PageShift } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import type { FoundHandover, FoundRoot } from './find-roots.js'
import { type MapOptions, type MapReading, readMap } from './read-map.js'

/** A root's map under the page size that fits, and what says so. */
export interface GeometryChoice {
  reading: MapReading
  reason: string
}

/**
 * The page size of the machine that wrote a root. A record's FDT length is one page exactly (6.16 on); x86-64 has 4K
 * pages only; otherwise each size is tried, and the one under which the map holds the page of its own root FDT, without
 * a single bad pointer, is right: wrong sizes fail almost always.
 */
export function inferGeometry(
  memory: PhysicalMemory,
  found: FoundRoot,
  handovers: readonly FoundHandover[],
  machine: string | null,
  options: MapOptions & { pageShift?: PageShift },
): GeometryChoice {
  const under = (pageShift: PageShift) => readMap(memory, found, geometry(pageShift), options)
  if (options.pageShift !== undefined) return { reading: under(options.pageShift), reason: 'given' }
  const record = handovers.find(handover => handover.fdtAddress === found.address)
  const named = PAGE_SHIFTS.find(shift => record?.fdtSize === 2 ** shift)
  if (record !== undefined && named !== undefined) {
    return {
      reading: under(named),
      reason: `the ${record.kind} record gives the root FDT one page of ${record.fdtSize} bytes`,
    }
  }
  if (machine === 'x86_64') return { reading: under(12), reason: 'x86_64 has pages of 4096 bytes' }
  return tryEach(found, under)
}

function tryEach(found: FoundRoot, under: (pageShift: PageShift) => MapReading): GeometryChoice {
  const readings = PAGE_SHIFTS.filter(shift => found.address % 2 ** shift === 0).map(under)
  const fits = readings.find(reading => mapFits(reading))
  if (fits !== undefined) {
    const size = fits.geometry.pageSize
    return {
      reading: fits,
      reason: `read with pages of ${size} bytes the map is whole and holds its own root FDT`,
    }
  }
  const best = readings.reduce((a, b) => (bad(b) < bad(a) ? b : a), readings[0] ?? under(12))
  return { reading: best, reason: `no page size fits; ${sizeOf(best)} has the fewest bad pointers` }
}

function mapFits(reading: MapReading): boolean {
  return reading.state === 'live' && bad(reading) === 0 && !reading.lacksRootPage
}

function bad(reading: MapReading): number {
  return reading.decode.badPointers + reading.decode.absentNodes
}

function sizeOf(reading: MapReading): Geometry['pageSize'] {
  return reading.geometry.pageSize
}
