import type { ReadingKernel } from '../../formats/kernels/index.js'
import { type Range, rangesCover } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import type { KernelStart } from '../kernel/reader/boot-of.js'
import { knownRam } from '../kernel/reader/choose.js'
import { type Reading, readState } from '../kernel/reader/read-state.js'
import type { Trace } from '../kernel/reader/trace.js'
import { findRule } from '../rules/catalogue.js'
import { isOverwritten, isUnfinished } from '../rules/checks/context.js'
import { type Found, foundBy } from './collect.js'
import { bootFindings, mapFindings } from './map-findings.js'
import { judge } from './outcome.js'
import type { FindingSource } from './source.js'
import type { Outcome } from './verdict.js'

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

/** What one kernel makes of a state. */
export interface Judged {
  outcome: Outcome
  /** What a source told, and what early boot came to. */
  found: Found[]
  /** What early boot alone came to. */
  booted: Found[]
  /** What the kernel's users came to, which is among the findings only where nothing else says it. */
  trace: Trace | null
  /** All of RAM; null where that is not known. */
  ram: readonly Range[] | null
}

/** Follows a kernel through a state, and judges by that and by what a source tells of it. */
export function judgeState(
  state: KhoState,
  kernel: ReadingKernel,
  options: ValidateOptions,
  source: FindingSource,
): Judged {
  const ram = knownRam(state.image, options.ram)
  const stale = staleReason(state)
  const reading = stale === null ? readAs(state, kernel, ram, options, source.done) : null
  const found = source.faults(kernel).map(entry => (stale === null ? entry : heldBack(entry)))
  const cmdline = options.readerCmdline ?? null
  const booted: Found[] = []
  if (stale !== null) booted.push(foundBy(findRule('TRACKER-STALE'), { message: stale }, kernel))
  if (reading !== null)
    booted.push(...bootFindings(reading.boot, kernel), ...mapFindings(reading.boot, state, kernel))
  const ruled = source.rules({ state, kernel, ram, cmdline, absentIsZero: isZero(options) })
  for (const more of [ruled, booted]) for (const entry of more) found.push(entry)
  const assumptions = assumptionsOf(state, kernel, ram)
  const outcome = judge(reading, found, { release: kernel.release, assumptions })
  return { outcome, found, booted, trace: reading?.trace ?? null, ram }
}

/** True where memory that the dump lacks is to be taken for zero. */
export function isZero(options: ValidateOptions): boolean {
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
  done: FindingSource['done'],
): Reading {
  return readState(state, {
    kernel,
    ram,
    absentIsZero: isZero(options),
    cmdline: options.readerCmdline ?? null,
    start: options.start,
    done,
  })
}
