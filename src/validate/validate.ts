import { newestAbi, readingKernel } from '../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../formats/memory/geometry.js'
import type { Range } from '../../formats/memory/range.js'
import type { KhoImage } from '../image/open.js'
import type { KhoState } from '../image/state.js'
import { chooseKernel, knownRam } from '../kernel/reader/choose.js'
import { bootKernel } from '../kernel/reader/early-boot.js'
import { createReaderMemory } from '../kernel/reader/memory.js'
import { findRule } from '../rules/catalogue.js'
import { type Found, foundBy, toFindings } from './collect.js'
import { isZero, judgeState, type ValidateOptions } from './judge-state.js'
import { bootFindings, knownIn, traceFindings } from './map-findings.js'
import { judge } from './outcome.js'
import { everyOccurrence } from './source.js'
import type { Coverage, Validation } from './verdict.js'

export type { ValidateOptions } from './judge-state.js'
export type { Validation } from './verdict.js'

/**
 * Runs every rule over a state and predicts what a reading kernel makes of it.
 *
 * @throws KhoError `usage` for a reader or a rule that does not exist
 */
export function validateState(state: KhoState, options: ValidateOptions = {}): Validation {
  const wishes = wishesOf(options)
  const kernel = chooseKernel(state, options.reader)
  const { outcome, found, ram, trace } = judgeState(state, kernel, options, everyOccurrence(state))
  for (const entry of traceFindings(trace, knownIn(found, trace), kernel)) found.push(entry)
  return {
    outcome,
    coverage: coverageOf(state, ram),
    findings: toFindings(applyWishes(found, wishes), state.image.memory, options.all === true),
  }
}

/** An address that a kernel is told of, and where no root was found. */
export interface NoRoot {
  address: number
  /** What is there instead. */
  why: string
  pageShift?: PageShift
  /** The scratch array's length, where it is given. */
  scratchLength?: number
}

/** The verdict on an address that holds no root that is known: a reading kernel goes there all the same. */
export function validateNoRoot(image: KhoImage, place: NoRoot, options: ValidateOptions = {}): Validation {
  const kernel = options.reader === undefined ? readingKernel(newestAbi()) : readingKernel(options.reader)
  const shape = geometry(place.pageShift ?? 12)
  const ram = knownRam(image, options.ram)
  const memory = createReaderMemory(image.memory, shape, ram, isZero(options))
  const { scratchLength } = place
  const scratch =
    scratchLength === undefined ? null : { address: null, length: scratchLength, inPlace: false }
  const boot = bootKernel(memory, { kernel, geometry: shape, root: place.address, scratch })
  const found = bootFindings(boot, kernel)
  // What the dump lacks is not known to be no root.
  const mild = boot.end === 'unknown' ? ({ severity: 'info', effect: 'none' } as const) : {}
  const missing = { message: place.why, address: place.address, ...mild }
  found.push(foundBy(findRule('ROOT-NOT-FOUND'), missing, kernel))
  return {
    outcome: judge({ boot, trace: null, assumptions: boot.assumptions }, found, {
      release: kernel.release,
      assumptions: [],
    }),
    coverage: {
      trackerNodes: 0,
      trackerNodesAbsent: 0,
      blobs: 0,
      blobsAbsent: 0,
      scratchKnown: false,
      ramKnown: ram !== null,
    },
    findings: toFindings(applyWishes(found, wishesOf(options)), image.memory, true),
  }
}

type Wishes = Record<'deny' | 'allow', string[]>

/** Ids as the catalogue writes them. */
function wishesOf({ deny = [], allow = [] }: ValidateOptions): Wishes {
  return { deny: deny.map(id => findRule(id).id), allow: allow.map(id => findRule(id).id) }
}

function applyWishes(found: readonly Found[], { deny, allow }: Wishes): Found[] {
  return found
    .filter(entry => !allow.includes(entry.rule.id))
    .map(entry => (deny.includes(entry.rule.id) ? { ...entry, severity: 'error' } : entry))
}

function coverageOf(state: KhoState, ram: readonly Range[] | null): Coverage {
  const blobs = state.blobs()
  const { nodes, absentNodes } = state.tracker.decode
  return {
    trackerNodes: nodes.length,
    trackerNodesAbsent: absentNodes,
    blobs: blobs.filter(blob => blob.value !== null).length,
    blobsAbsent: blobs.filter(blob => blob.value === null).length,
    scratchKnown: state.scratch !== null,
    ramKnown: ram !== null,
  }
}
