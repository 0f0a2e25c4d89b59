import { abiOf } from '../../formats/kernels/index.js'
import { geometry, PAGE_SHIFTS, type PageShift } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { coverage } from '../../formats/pages/coverage.js'
import { isTooFine, isUncovered, uncovered } from '../../formats/pages/coverage-algebra.js'
import { totals } from '../../formats/pages/page-set.js'
import type { FoundHandover, FoundRoot } from './find-roots.js'
import { flawsOf, isNoAccident, luckOf } from './map-evidence.js'
import { type MapOptions, type MapReading, readMap } from './read-map.js'

/** A root's map under the page size that fits, and what says so. */
export interface GeometryChoice {
  reading: MapReading
  reason: string
  /**
   * `told`: by the user, a record or the machine. `shown`: by the map. `same`: every size gives the same. `guessed`: nothing
   * decides, and it matters.
   */
  certainty: 'told' | 'shown' | 'same' | 'guessed'
}

/**
 * The page size of the machine that wrote a root. A record's FDT length is one page exactly where the FDT is preserved
 * memory (6.16 on); x86-64 has 4K pages only; otherwise each size is tried, and what the map shows under it is weighed.
 */
export function inferGeometry(
  memory: PhysicalMemory,
  found: FoundRoot,
  handovers: readonly FoundHandover[],
  machine: string | null,
  options: MapOptions & { pageShift?: PageShift },
): GeometryChoice {
  const under = (pageShift: PageShift) => readMap(memory, found, geometry(pageShift), options)
  const told = (pageShift: PageShift, reason: string): GeometryChoice => ({
    reading: under(pageShift),
    reason,
    certainty: 'told',
  })
  if (options.pageShift !== undefined) return told(options.pageShift, 'given')
  if (machine === 'x86_64') return told(12, 'x86_64 has pages of 4096 bytes')
  const record = handovers.find(handover => handover.fdtAddress === found.address)
  const named = PAGE_SHIFTS.find(shift => record?.fdtSize === 2 ** shift)
  if (record !== undefined && named !== undefined) {
    const choice = told(
      named,
      `the ${record.kind} record gives the root FDT one page of ${record.fdtSize} bytes`,
    )
    // Before, the FDT was a segment of the kexec image, of as many bytes as it needed.
    if (abiOf(choice.reading.abi).fdtPreserved) return choice
  }
  return tryEach(memory, found, under)
}

function tryEach(
  memory: PhysicalMemory,
  found: FoundRoot,
  under: (pageShift: PageShift) => MapReading,
): GeometryChoice {
  const readings = PAGE_SHIFTS.map(under)
    // A root that is preserved memory is one page.
    .filter(({ abi, geometry: { pageSize } }) => !abiOf(abi).fdtPreserved || found.address % pageSize === 0)
  const holding = readings.filter(reading => holdsRoot(reading))
  if (holding.length === 1) {
    const [reading] = holding
    const size = reading!.geometry.pageSize
    const reason = `read with pages of ${size} bytes the map is whole and holds its own root FDT`
    return { reading: reading!, reason, certainty: 'shown' }
  }
  const [smallest] = readings
  if (readings.length === 1) {
    const reason = `the root FDT is a page, and lies at no multiple of more than ${smallest!.geometry.pageSize} bytes`
    return { reading: smallest!, reason, certainty: 'shown' }
  }
  return weigh(memory, found, holding.length > 0 ? holding : readings)
}

/** True for a map without a bad pointer that has the page of its root: under a wrong size that is an accident. */
function holdsRoot(reading: MapReading): boolean {
  const whole = reading.state === 'live' && bad(reading) === 0
  return whole && abiOf(reading.abi).fdtPreserved && !reading.lacksRootPage
}

/** Bits of luck from which on a larger page is the better guess. */
const LIKELY = 5

/** A reading, and what speaks against it. */
interface Weighed {
  reading: MapReading
  first: string | null
  count: number
}

/**
 * The size under which nothing speaks against the map. Of several the largest one to which all of the map is aligned, which
 * decides where that takes more luck than can be had; where not, it is a guess, unless they all come to the same.
 */
function weigh(memory: PhysicalMemory, found: FoundRoot, readings: readonly MapReading[]): GeometryChoice {
  const weighed = readings.map(reading => ({ reading, ...flaws(memory, found, reading) }))
  const least = Math.min(...weighed.map(({ count }) => count))
  const left = weighed.filter(({ count }) => count === least)
  const choice = pick(left)
  const size = choice.reading.geometry.pageSize
  const matters = (least === 0 ? left : weighed).some(other => !sameBytes(other.reading, choice.reading))
  if (least === 0 && left.length === 1) {
    const against = weighed
      .filter(other => other !== choice)
      .map(other => `with pages of ${other.reading.geometry.pageSize} bytes ${other.first}`)
    const reason = `read with pages of ${size} bytes nothing speaks against the map; ${against.join('; ')}`
    return { reading: choice.reading, reason, certainty: 'shown' }
  }
  if (least === 0 && decides(choice, left)) {
    const reason = `all of the map is aligned to pages of ${size} bytes, and nothing speaks against them`
    return { reading: choice.reading, reason, certainty: 'shown' }
  }
  if (!matters) {
    const reason =
      'a guess that makes no difference: the map names the same memory with every page size that fits'
    return { reading: choice.reading, reason, certainty: 'same' }
  }
  const sizes = left.map(other => other.reading.geometry.pageSize).join(', ')
  const reason =
    least === 0
      ? `a guess: the map holds together with pages of ${sizes} bytes`
      : `a guess: with no page size nothing speaks against the map; with ${size}: ${choice.first}`
  return { reading: choice.reading, reason, certainty: 'guessed' }
}

function flaws(memory: PhysicalMemory, found: FoundRoot, reading: MapReading): Omit<Weighed, 'reading'> {
  const { abi, root, options, decode } = reading
  if (root === null) return { first: null, count: 0 }
  return flawsOf(memory, found, { abi: abiOf(abi), options, root, decode })
}

/** Of readings with as little against them, the largest that it takes some luck to look like. */
function pick(left: readonly Weighed[]): Weighed {
  const [smallest] = left
  const larger = left.filter(other => luck(other, smallest!) >= LIKELY)
  return larger.at(-1) ?? smallest!
}

function decides(choice: Weighed, left: readonly Weighed[]): boolean {
  return left.every(other => {
    if (other === choice) return true
    const smaller = other.reading.geometry.pageShift < choice.reading.geometry.pageShift
    return smaller && isNoAccident(luck(choice, other))
  })
}

function luck({ reading }: Weighed, smaller: Weighed): number {
  const steps = reading.geometry.pageShift - smaller.reading.geometry.pageShift
  return luckOf(reading.decode, steps)
}

function sameBytes({ decode: a }: MapReading, { decode: b }: MapReading): boolean {
  if (a === b) return true
  if (totals(a.pages).bytes !== totals(b.pages).bytes) return false
  if (isTooFine(a.pages) || isTooFine(b.pages)) return false
  const shift = Math.min(a.pages.pageShift, b.pages.pageShift) as PageShift
  const [ours, theirs] = [coverage(a.pages, shift), coverage(b.pages, shift)]
  return isUncovered(uncovered(ours, theirs)) && isUncovered(uncovered(theirs, ours))
}

function bad({ decode }: MapReading): number {
  return decode.badPointers + decode.absentNodes
}
