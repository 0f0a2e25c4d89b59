import { newestAbi, type ReadingKernel, readingKernel } from '../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../formats/memory/geometry.js'
import { type Range, rangesCover } from '../../formats/memory/range.js'
import type { KhoImage } from '../image/open.js'
import type { KhoState } from '../image/state.js'
import type { KernelStart } from '../kernel/reader/boot-of.js'
import { chooseKernel, knownRam } from '../kernel/reader/choose.js'
import { bootKernel } from '../kernel/reader/early-boot.js'
import { createReaderMemory } from '../kernel/reader/memory.js'
import { type Reading, readState } from '../kernel/reader/read-state.js'
import { findRule, RULES } from '../rules/catalogue.js'
import { isOverwritten, isUnfinished } from '../rules/checks/context.js'
import type { RuleContext } from '../rules/rule.js'
import { type Found, foundBy, foundFault, toFindings } from './collect.js'
import { faultsOf } from './faults.js'
import { bootFindings, mapFindings, traceFindings } from './map-findings.js'
import { judge } from './outcome.js'
import type { Coverage, Validation } from './verdict.js'

export type { Validation } from './verdict.js'

/** How to judge a state. */
export interface ValidateOptions {
  /** Release of the kernel that is to read it; the one that wrote it where not given. */
  reader?: string
  /** Its command line: `reserve_mem=` decides which regions it asks for. */
  readerCmdline?: string
  /** Take memory that the dump lacks for zero. */
  absentIsZero?: boolean
  /** All of the machine's RAM, where the user says it. */
  ram?: readonly Range[]
  /** How the kernel is started, where that is known: by a replay. */
  start?: KernelStart | undefined
  /** Rules whose findings are errors, whatever they are otherwise. */
  deny?: readonly string[]
  /** Rules whose findings are left out. They still count for the outcome: the kernel does not know of the wish. */
  allow?: readonly string[]
  /** Every occurrence, not one of each root cause. */
  all?: boolean
}

/**
 * Runs every rule over a state and predicts what a reading kernel makes of it.
 *
 * @throws KhoError `usage` for a reader or a rule that does not exist
 */
export function validateState(state: KhoState, options: ValidateOptions = {}): Validation {
  const wishes = wishesOf(options)
  const kernel = chooseKernel(state, options.reader)
  const ram = knownRam(state.image, options.ram)
  const stale = staleReason(state)
  const reading = stale === null ? readAs(state, kernel, ram, options) : null
  const found: Found[] = faultsOf(state)
    .map(fault => foundFault(fault, kernel))
    .map(entry => (stale === null ? entry : heldBack(entry)))
  const absentIsZero = isZero(options)
  const add = (more: readonly Found[]) => {
    for (const entry of more) found.push(entry)
  }
  add(runRules({ state, kernel, ram, cmdline: options.readerCmdline ?? null, absentIsZero }))
  if (stale !== null) found.push(foundBy(findRule('TRACKER-STALE'), { message: stale }, kernel))
  if (reading !== null) {
    const { boot, trace } = reading
    add([...bootFindings(boot, kernel), ...mapFindings(boot, state, kernel)])
    add(traceFindings(trace, found, kernel))
  }
  return {
    outcome: judge(reading, found, {
      release: kernel.release,
      assumptions: assumptionsOf(state, kernel, ram),
    }),
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

function isZero(options: ValidateOptions): boolean {
  return options.absentIsZero === true
}

/**
 * An incoming tracker is free memory once its kernel has booted, and up to 7.0 an outgoing one is not there before it is
 * finalized: what lies in its place says nothing of the state.
 */
function staleReason(state: KhoState): string | null {
  if (isOverwritten(state)) {
    return 'the tracker was read and freed when this kernel booted; its pages hold other things since'
  }
  if (isUnfinished(state)) return 'the map is written when the state is finalized, which had not come yet'
  return null
}

/** What is taken for granted whoever reads. */
function assumptionsOf(state: KhoState, kernel: ReadingKernel, ram: readonly Range[] | null): string[] {
  const { scratch, scratchArray, scratchReason } = state
  const found = kernel.assumption === null ? [] : [kernel.assumption]
  if (state.faults.some(({ code }) => code === 'DUMP-PAGE-SIZE'))
    found.push(`pages have ${state.geometry.pageSize} bytes`)
  if (ram === null) found.push(...scratchInRam(state))
  // A dump from before the jump has the record staged and the array not yet written: both are taken to come.
  if (scratch !== null || scratchArray === null) return found
  return [...found, `the next kernel finds the scratch areas that this one has (${scratchReason})`]
}

/** Areas of which the dump has not every page, and does not say whether there is memory: early boot allocates from them. */
function scratchInRam({ scratch, image }: KhoState): string[] {
  const { length } = (scratch ?? []).filter(
    ({ start, size }) => size > 0 && !rangesCover(image.memory.ranges, start, start + size),
  )
  if (length === 0) return []
  return [`${length} of the scratch areas lie in RAM, of which the dump does not list all (--ram does)`]
}

/** Where a state was taken over and its pages freed since, what they hold now is no fault of it. */
function heldBack(found: Found): Found {
  return { ...found, severity: 'info', effect: 'none' }
}

function readAs(
  state: KhoState,
  kernel: ReadingKernel,
  ram: readonly Range[] | null,
  options: ValidateOptions,
): Reading {
  return readState(state, {
    kernel,
    ram,
    absentIsZero: isZero(options),
    cmdline: options.readerCmdline ?? null,
    start: options.start,
  })
}

function runRules(context: RuleContext): Found[] {
  return RULES.flatMap(rule =>
    rule.check === undefined
      ? []
      : [...rule.check(context)].map(found => foundBy(rule, found, context.kernel)),
  )
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
