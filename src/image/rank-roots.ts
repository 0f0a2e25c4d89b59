import { findChild } from '../../formats/fdt/index.js'
import { doubtScratchArray, readScratchArray } from '../../formats/handoff/scratch.js'
import { hex } from '../../formats/memory/fault.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { decodeChild } from './child-blob.js'
import type { FoundHandover, FoundRoot } from './find-roots.js'
import type { GeometryChoice } from './infer-geometry.js'
import type { Direction, Evidence, RootCandidate } from './state.js'

/** A candidate with all that was read to judge it. */
export interface RankedRoot {
  found: FoundRoot
  choice: GeometryChoice
  candidate: RootCandidate
  /** kexec_count of its kexec-metadata; null where there is none. */
  kexecCount: number | null
}

const STATES = ['live', 'partial', 'stale', 'absent']

/**
 * Judges candidates against each other and puts the best first: the most alive, and of two alive ones the one that
 * the running kernel made.
 */
export function rankRoots(
  memory: PhysicalMemory,
  roots: readonly { found: FoundRoot; choice: GeometryChoice; given: boolean }[],
  handovers: readonly FoundHandover[],
): RankedRoot[] {
  const ranked = roots.map(root => {
    const { found, choice } = root
    const { reading } = choice
    const kexecCount = readKexecCount(memory, found, choice)
    const evidence = gatherEvidence(memory, found, choice, handovers, kexecCount, root.given)
    const candidate: RootCandidate = {
      address: found.address,
      direction: 'unknown',
      state: reading.state,
      compatible: found.compatible,
      evidence,
    }
    return { found, choice, candidate, kexecCount }
  })
  setDirections(memory, ranked, handovers)
  for (const root of ranked) if (isFreed(root, ranked)) setStale(root)
  return ranked.sort(
    (a, b) =>
      STATES.indexOf(a.candidate.state) - STATES.indexOf(b.candidate.state) ||
      (b.kexecCount ?? 0) - (a.kexecCount ?? 0) ||
      named(handovers, b) - named(handovers, a) ||
      a.found.address - b.found.address,
  )
}

function named(handovers: readonly FoundHandover[], root: RankedRoot): number {
  return handovers.some(handover => handover.fdtAddress === root.found.address) ? 1 : 0
}

function readKexecCount(memory: PhysicalMemory, found: FoundRoot, choice: GeometryChoice): number | null {
  const child = findChild(found.fdt.root, 'kexec-metadata')
  if (child === null) return null
  const { value } = decodeChild(memory, child, choice.reading.geometry)
  return value?.kind === 'kexec-metadata' ? value.kexecCount : null
}

function gatherEvidence(
  memory: PhysicalMemory,
  found: FoundRoot,
  choice: GeometryChoice,
  handovers: readonly FoundHandover[],
  kexecCount: number | null,
  given: boolean,
): Evidence[] {
  const { reading } = choice
  const evidence: Evidence[] = []
  const add = (kind: Evidence['kind'], message: string, address: number | null = null) =>
    evidence.push({ kind, message, address })
  if (given) add('given', 'address given on the command line')
  add('scan', `FDT with compatible ${found.compatible}`, found.address)
  for (const handover of handovers) {
    if (handover.fdtAddress !== found.address) continue
    const where = handover.kind === 'chosen' ? 'device tree' : 'setup_data record'
    add(handover.kind, `${where} at ${hex(handover.address)} names it`, handover.address)
    const doubt = scratchDoubt(memory, handover)
    const message = doubt ?? `scratch array at ${hex(handover.scratchAddress)} is in place`
    add('scratch', message, handover.scratchAddress)
  }
  const state = reading.reason === null ? reading.state : `${reading.state}: ${reading.reason}`
  add('tracker', `tracker ${state}`, reading.root?.addresses[0] ?? null)
  if (kexecCount !== null) add('kexec-count', `kexec-metadata says count ${kexecCount}`)
  return evidence
}

/** Why the array that a record names is not believed, or null where it is. */
export function scratchDoubt(memory: PhysicalMemory, handover: FoundHandover): string | null {
  const { areas, reason } = readScratchArray(memory, handover.scratchAddress, handover.scratchSize)
  if (areas === null) return reason
  return doubtScratchArray(areas, handover.scratchAddress, handover.scratchSize)
}

/**
 * Of two roots of one dump, the one that counts one kexec more is the one that this kernel made for the next (7.1 on).
 * Alone, a root whose record names a scratch array that is in place was handed over; one whose array is not there yet
 * is staged for a jump that has not come.
 */
function setDirections(
  memory: PhysicalMemory,
  roots: RankedRoot[],
  handovers: readonly FoundHandover[],
): void {
  const counts = roots.map(root => root.kexecCount).filter(count => count !== null)
  const newest = Math.max(...counts)
  const oldest = Math.min(...counts)
  for (const root of roots) {
    if (newest > oldest && root.kexecCount !== null) {
      root.candidate.direction = direction(root.kexecCount, newest)
    } else {
      root.candidate.direction = directionAlone(memory, root, handovers, roots)
    }
  }
}

function direction(count: number, newest: number): Direction {
  if (count === newest) return 'outgoing'
  return count === newest - 1 ? 'incoming' : 'unknown'
}

function directionAlone(
  memory: PhysicalMemory,
  root: RankedRoot,
  handovers: readonly FoundHandover[],
  roots: readonly RankedRoot[],
): Direction {
  if (root.choice.reading.state === 'absent' && root.choice.reading.root?.addresses[0] === 0)
    return 'outgoing'
  const mine = handovers.filter(handover => handover.fdtAddress === root.found.address)
  const others = roots.filter(other => other !== root)
  // Two roots without counts: the incoming tree is overwritten in early boot, the outgoing one is not.
  const rival = others.find(other => isLive(other) !== isLive(root))
  if (rival !== undefined) return isLive(root) ? 'outgoing' : mine.length > 0 ? 'incoming' : 'unknown'
  if (mine.length === 0) return 'unknown'
  return mine.some(handover => scratchDoubt(memory, handover) === null) ? 'incoming' : 'outgoing'
}

/** True for a map that holds all that its kernel puts into every one. */
function isLive({ choice }: RankedRoot): boolean {
  return choice.reading.state === 'live' && !choice.reading.lacksRootPage
}

/** True where a map lacks the page of its root while a kernel that booted since has one of its own. */
function isFreed(root: RankedRoot, roots: readonly RankedRoot[]): boolean {
  const { candidate, choice } = root
  if (choice.reading.state !== 'live' || !choice.reading.lacksRootPage || candidate.direction === 'outgoing')
    return false
  const given = candidate.evidence.some(({ kind }) => kind === 'given')
  return !given && roots.some(isLive)
}

function setStale({ candidate, choice: { reading } }: RankedRoot): void {
  reading.state = 'stale'
  reading.reason = `${reading.reason}: overwritten since it was read`
  candidate.state = 'stale'
  for (const entry of candidate.evidence)
    if (entry.kind === 'tracker') entry.message = `tracker stale: ${reading.reason}`
}
