import type { Blob } from '../../formats/blobs/index.js'
import { type LayoutFile, type LayoutSet, layoutSet } from '../../formats/described/index.js'
import { KhoError } from '../../formats/error.js'
import type { FdtTree } from '../../formats/fdt/index.js'
import { readScratchArray } from '../../formats/handoff/scratch.js'
import { type AbiName, abiOf } from '../../formats/kernels/index.js'
import { type Fault, fault, hex } from '../../formats/memory/fault.js'
import type { PageShift } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import type { Place, Range } from '../../formats/memory/range.js'
import { decodeBlobs } from './child-blob.js'
import { applyDebugfs, debugfsScratch } from './debugfs-state.js'
import {
  type FoundHandover,
  type FoundRoot,
  type FoundRoots,
  findRoots,
  imageSearch,
  readRoot,
} from './find-roots.js'
import { inferGeometry } from './infer-geometry.js'
import type { Progress } from './marks.js'
import { noState } from './no-state.js'
import type { KhoImage } from './open.js'
import { type RankedRoot, rankRoots, scratchDoubt } from './rank-roots.js'
import type { MapReading } from './read-map.js'
import { shiftFault } from './shifted.js'
import type { KhoState, RootCandidate, TrackerInfo } from './state.js'
import { zeroFilled } from './zero-memory.js'

/** What the command line may say about a state. */
export interface StateOptions {
  /** The root's address, or which side of a kexec it is on. */
  root?: number | 'incoming' | 'outgoing'
  abi?: AbiName
  pageShift?: PageShift
  /** Where the scratch array is, when nothing points at it. */
  scratch?: Place
  /** End of the machine's RAM in bytes, where the user says it. */
  ramEnd?: number
  /** Blobs are decoded as if RAM that the dump lacks were zero; `ram` is null where all of RAM is not known. */
  assumeZero?: { ram: readonly Range[] | null }
  /** Structures that are told as data: those of the posted series where nothing is given. */
  layouts?: LayoutSet
  progress?: Progress
}

/** The same as data alone, for who looks at the state elsewhere. */
export type StateOptionsData = Omit<StateOptions, 'progress' | 'layouts'> & {
  layouts?: readonly LayoutFile[]
}

/** More roots than this no machine has: two, and stale copies. What is past it is dropped, with a fault. */
const MOST_ROOTS = 16

/**
 * Finds the KHO roots of an image, picks the one that was asked for or else the best, and decodes its map. Blobs are
 * decoded when asked for.
 *
 * @throws KhoError `no-state` where there is no root, or none like the one asked for
 */
export function loadState(image: KhoImage, options: StateOptions = {}): KhoState {
  const { ranked, handovers, faults } = loadRoots(image, options)
  const chosen = pick(image, ranked, options.root)
  return buildState(image, chosen, ranked, handovers, faults, options)
}

/** Every root of an image as a state of its own, best first. */
export function loadStates(image: KhoImage, options: StateOptions = {}): KhoState[] {
  const { ranked, handovers, faults } = loadRoots(image, options)
  return ranked.map(root => buildState(image, root, ranked, handovers, faults, options))
}

interface LoadedRoots {
  ranked: RankedRoot[]
  handovers: FoundHandover[]
  faults: Fault[]
}

function loadRoots(image: KhoImage, options: StateOptions): LoadedRoots {
  const found = collectRoots(image, options)
  const faults: Fault[] = [...image.dump.faults]
  if (found.roots.length > MOST_ROOTS) {
    const message = `${found.roots.length} pages look like KHO roots; only ${MOST_ROOTS} are looked at`
    faults.push(fault('ROOT-MANY', message))
    const namedFirst = (root: FoundRoot) => (found.handovers.some(h => h.fdtAddress === root.address) ? 0 : 1)
    found.roots.sort((a, b) => namedFirst(a) - namedFirst(b))
    found.roots.length = MOST_ROOTS
  }
  const { ramEnd } = options
  const mapOptions = {
    ...(options.abi === undefined ? {} : { abi: options.abi }),
    ...(options.pageShift === undefined ? {} : { pageShift: options.pageShift }),
    ...(ramEnd === undefined ? {} : { ramEnd }),
  }
  const infer = (root: FoundRoot, more: { pageShift?: PageShift } = {}) =>
    inferGeometry(image.memory, root, found.handovers, image.dump.machine, { ...mapOptions, ...more })
  const roots = found.roots.map(root => ({
    found: root,
    choice: infer(root),
    given: root.address === options.root,
  }))
  // A machine has one page size: what one root shows holds for the others.
  const sure = roots.find(
    ({ choice }) => ['told', 'shown'].includes(choice.certainty) && isLive(choice.reading),
  )
  for (const root of sure === undefined ? [] : roots) {
    if (root.choice.certainty !== 'guessed') continue
    const { pageShift, pageSize } = sure!.choice.reading.geometry
    const reason = `the root at ${hex(sure!.found.address)} shows pages of ${pageSize} bytes`
    root.choice = { ...infer(root.found, { pageShift }), reason }
  }
  const ranked = rankRoots(image.memory, roots, found.handovers)
  const { debugfs } = image.dump
  if (debugfs !== undefined) applyDebugfs(debugfs, ranked, options.pageShift !== undefined)
  return { ranked, handovers: found.handovers, faults }
}

/** Images larger than this are not searched for the records of a root that was given: minutes for a hint. */
const SEARCHED_FOR_RECORDS = 2 ** 34

function isLive({ state, lacksRootPage }: MapReading): boolean {
  return state === 'live' && !lacksRootPage
}

/** What to say where nothing tells how large pages are, and it matters. */
function pageSizeFaults({ choice: { certainty, reason, reading } }: RankedRoot): Fault[] {
  if (certainty !== 'guessed') return []
  const message = `pages of ${reading.geometry.pageSize} bytes are ${reason}; --page-size 4K, 16K or 64K says which`
  return [fault('DUMP-PAGE-SIZE', message)]
}

/**
 * An address that was given needs no search. Its records, and other roots, are looked for all the same where that is
 * quick and `--scratch` does not say what they would.
 */
function collectRoots(image: KhoImage, options: StateOptions): FoundRoots {
  const find = () => findRoots(image.memory, options.progress, imageSearch(image))
  if (typeof options.root !== 'number') return find()
  const root = readRoot(image.memory, options.root)
  if (root === null) throw noRootAt(image, options.root)
  const large = image.memory.inputSize > SEARCHED_FOR_RECORDS
  if (options.scratch !== undefined || large) return { roots: [root], handovers: [] }
  const found = find()
  if (!found.roots.some(other => other.address === root.address)) found.roots.push(root)
  return found
}

function noRootAt(image: KhoImage, address: number): KhoError {
  const read = image.memory.read(address, 4)
  const why = read.ok
    ? 'holds no FDT whose root is compatible with kho-v…'
    : `is not in the dump (${read.reason})`
  const hint = 'without --root the whole image is searched'
  return new KhoError('no-state', `${hex(address)} ${why}`, { address, path: image.path, hint })
}

function pick(image: KhoImage, ranked: RankedRoot[], wanted: StateOptions['root']): RankedRoot {
  const fits = (root: RankedRoot) =>
    wanted === undefined || root.candidate.direction === wanted || root.found.address === wanted
  const chosen = ranked.find(fits)
  if (chosen !== undefined) return chosen
  if (ranked.length === 0) throw noState(image)
  const have = ranked.map(root => `${hex(root.found.address)} (${root.candidate.direction})`).join(', ')
  throw new KhoError('no-state', `${image.path}: no ${String(wanted)} root; there is ${have}`, {
    path: image.path,
    hint: 'give --root ADDR',
  })
}

function shiftFaults(image: KhoImage, { found, choice }: RankedRoot): Fault[] {
  if (image.container !== 'raw' || choice.reading.state === 'live') return []
  const noticed = shiftFault(image.memory, found)
  return noticed === null ? [] : [noticed]
}

function buildState(
  image: KhoImage,
  chosen: RankedRoot,
  ranked: RankedRoot[],
  handovers: FoundHandover[],
  faults: Fault[],
  options: StateOptions,
): KhoState {
  const { reading, reason } = chosen.choice
  const { fdt } = chosen.found
  const scratch = findScratch(image, chosen, handovers, options)
  let decoded: Blob[] | undefined
  return {
    image,
    geometry: reading.geometry,
    geometryReason: reason,
    root: chosen.candidate,
    candidates: ranked.map((root): RootCandidate => root.candidate),
    abi: reading.abi,
    compatible: chosen.found.compatible,
    fdt,
    layouts: options.layouts ?? layoutSet(),
    tracker: trackerInfo(image.memory, chosen),
    ...scratch,
    blobs() {
      decoded ??= decodeBlobs(blobMemory(image, options), fdt, reading.geometry)
      return decoded
    },
    faults: [
      ...faults,
      ...pageSizeFaults(chosen),
      ...shiftFaults(image, chosen),
      ...fdtFaults(fdt, chosen),
      ...reading.decode.faults,
    ],
  }
}

function trackerInfo(memory: PhysicalMemory, chosen: RankedRoot): TrackerInfo {
  const { reading } = chosen.choice
  const reasons = [reading.reason, reading.abiReason && `${reading.abi}: ${reading.abiReason}`]
  return {
    format: reading.root === null ? null : abiOf(reading.abi).tracker,
    state: reading.state,
    reason: reasons.filter(Boolean).join('; ') || null,
    root: reading.root?.addresses.find(address => address !== 0) ?? null,
    decode: reading.decode,
    reading:
      reading.root === null
        ? null
        : { memory, root: reading.root, options: reading.options, decode: reading.decode },
  }
}

function findScratch(
  image: KhoImage,
  chosen: RankedRoot,
  handovers: FoundHandover[],
  options: StateOptions,
): Pick<KhoState, 'scratch' | 'scratchReason' | 'scratchArray'> {
  if (options.scratch !== undefined) {
    const { address, size } = options.scratch
    const { areas, reason } = readScratchArray(image.memory, address, size)
    return { scratch: areas, scratchReason: `${reason}, as given`, scratchArray: options.scratch }
  }
  if (image.dump.debugfs !== undefined) return debugfsScratch(image.dump.debugfs)
  const mine = (handover: FoundHandover) => handover.fdtAddress === chosen.found.address
  const ordered = [...handovers.filter(mine), ...handovers.filter(handover => !mine(handover))]
  const own = handovers.find(mine)
  const scratchArray = own ? { address: own.scratchAddress, size: own.scratchSize } : null
  let scratchReason = 'nothing in the image points at a scratch array'
  for (const handover of ordered) {
    const doubt = scratchDoubt(image.memory, handover)
    if (doubt === null) {
      const { areas, reason } = readScratchArray(image.memory, handover.scratchAddress, handover.scratchSize)
      // Every kernel of a chain hands on the array that it was booted with.
      const whose = mine(handover)
        ? ''
        : `, which the root at ${hex(handover.fdtAddress)} was handed over with`
      return { scratch: areas, scratchReason: `${reason}${whose}`, scratchArray }
    }
    scratchReason = doubt
  }
  return { scratch: null, scratchReason, scratchArray }
}

function fdtFaults(fdt: FdtTree, chosen: RankedRoot): Fault[] {
  return fdt.problems.map(problem => {
    const address = chosen.found.address + problem.offset
    const code = problem.severity === 'error' ? 'FDT-BROKEN' : 'FDT-ODD'
    return fault(code, `root FDT at offset ${hex(problem.offset)}: ${problem.message}`, address, 'fdt')
  })
}

function blobMemory({ memory }: KhoImage, { assumeZero }: StateOptions): PhysicalMemory {
  return assumeZero === undefined ? memory : zeroFilled(memory, assumeZero.ram)
}
