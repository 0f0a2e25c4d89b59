import { type FdtTree, findProperty } from '../../formats/fdt/index.js'
import { ABIS, type Abi, type AbiName, locateTracker, readingOptions } from '../../formats/kernels/index.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { trackerOf } from '../../formats/trackers/index.js'
import type { FoundRoot } from './find-roots.js'
import { type Candidate, type LayoutChoice, weighReadings } from './weigh-readings.js'

/**
 * Which layout a root has: `compatible` first, then which properties there are, then what the bytes behind them look like
 * to each format that could be meant, and last what a reading of them gives.
 */
export function chooseLayout(
  memory: PhysicalMemory,
  found: FoundRoot,
  geometry: Geometry,
  options: { abi?: AbiName; ramEnd?: number },
): LayoutChoice {
  const abis =
    options.abi === undefined ? abisByNames(found) : ABIS.filter(({ name }) => name === options.abi)
  const extra = options.ramEnd === undefined ? {} : { ramEnd: options.ramEnd }
  const candidates = abis.flatMap(abi => candidatesOf(memory, found, geometry, abi, extra))
  const given = options.abi === undefined ? null : 'given on the command line'
  const certain = candidates.find(({ recognition }) => recognition.verdict === 'yes')
  const open =
    certain === undefined ? candidates.filter(({ recognition }) => recognition.verdict === 'maybe') : []
  if (open.length > 1) {
    const chosen = weighReadings(memory, found, open)
    return { ...chosen, reason: given ?? chosen.reason }
  }
  const only = certain ?? open[0] ?? candidates[0]
  if (only === undefined) {
    const abi = abis[0] ?? fallback(found)
    const [first] = readingOptions(abi.name, geometry)
    return { abi: abi.name, options: { ...first!, ...extra }, root: null, reason: given, decode: null }
  }
  // Where only one layout has these names there is nothing to tell.
  const told = candidates.length > 1 ? only.recognition.why : null
  return { abi: only.abi.name, options: only.options, root: only.root, reason: given ?? told, decode: null }
}

function candidatesOf(
  memory: PhysicalMemory,
  { fdt }: FoundRoot,
  geometry: Geometry,
  abi: Abi,
  extra: { ramEnd?: number },
): Candidate[] {
  const root = locateTracker(abi.name, fdt.root)
  if (root === null) return []
  return readingOptions(abi.name, geometry).map(reading => {
    const options = { ...reading, ...extra }
    return { abi, options, root, recognition: trackerOf(abi.tracker).recognise(memory, root, options) }
  })
}

/** The layouts that a root's `compatible` and properties leave, newest first. */
function abisByNames({ fdt, compatible }: FoundRoot): Abi[] {
  const located = (abi: Abi) => locateTracker(abi.name, fdt.root) !== null
  const named = namedBy(compatible)
  // A version that nobody knows: what its blobs hang on tells which layouts it may be like.
  if (named.length > 0) return named.filter(located)
  return ABIS.filter(abi => abi.blobProperty === blobPropertyOf(fdt) && located(abi))
}

/**
 * The layouts of the version at the front of a `compatible`, which may go on: composites (`kho-v4;radix-v1`), or a lost
 * NUL.
 */
function namedBy(compatible: string): Abi[] {
  const isEnd = (rest: string) => !/^[0-9]/.test(rest)
  return ABIS.filter(
    abi => compatible.startsWith(abi.compatible) && isEnd(compatible.slice(abi.compatible.length)),
  )
}

/** The property by which children of a root point to blobs; null where none does. */
function blobPropertyOf({ root }: FdtTree): Abi['blobProperty'] {
  const known = ABIS.map(({ blobProperty }) => blobProperty)
  const has = (name: string) => root.children.some(child => findProperty(child, name) !== null)
  return known.find(name => name !== null && has(name)) ?? null
}

/** The layout of a root that names no map: early roots name none where nothing is preserved. */
function fallback({ fdt, compatible }: FoundRoot): Abi {
  const named = namedBy(compatible)
  const property = blobPropertyOf(fdt)
  const pool = (named.length > 0 ? named : ABIS).filter(abi => abi.blobProperty === property)
  const inline = pool.find(({ tracker }) => tracker === 'mem-array')
  return inline ?? pool[0] ?? named[0] ?? ABIS[0]!
}
