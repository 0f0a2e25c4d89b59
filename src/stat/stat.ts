import type { MemblockRegion } from '../../formats/blobs/index.js'
import { sizeOfRanges } from '../../formats/memory/range.js'
import type { TrackerFormat } from '../../formats/trackers/index.js'
import type { Direction, KhoState, TrackerState } from '../image/state.js'
import { roomOf } from '../kernel/reader/room.js'
import { isNotKnown } from '../model/kind.js'
import { knownTotals } from '../model/tracker.js'
import { isOverwritten } from '../rules/checks/context.js'
import { type ValidateOptions, validateState } from '../validate/validate.js'
import type { Finding, Outcome } from '../validate/verdict.js'
import { type Listed, listBelow, listSessions, type SessionStat } from './files.js'
import { type TrackerFill, trackerFill } from './fill.js'
import { type RoomStat, roomStat, type ScratchStat, scratchStat } from './scratch.js'
import { dumpedRelease, type WriterStat, writerOf } from './writer.js'

export type { FileStat, Listed, SessionStat } from './files.js'
export type { TrackerFill } from './fill.js'
export type { RoomStat, ScratchStat } from './scratch.js'
export type { WriterStat } from './writer.js'

/** The dump, in a few words. */
export interface ImageStat {
  path: string
  container: string
  pageSize: number
  /** RAM that the dump knows of. */
  ramBytes: number
  ramRanges: number
  /** Release of the kernel whose memory it shows; null where the container does not say. */
  osRelease: string | null
}

/** The root that was looked at. */
export interface RootStat {
  /** Null where the container does not tell addresses. */
  address: number | null
  direction: Direction
  state: TrackerState
  /** Why it is not live; null where there is nothing to say. */
  reason: string | null
  /** Further roots in the dump. */
  others: number
}

/** A region of reserve_mem=. */
export interface RegionStat {
  path: string
  /** A byte string. */
  name: string
  start: number | null
  size: number | null
}

/** What preserved memory is written down in. */
export interface TrackerStat {
  format: TrackerFormat | null
  /** Pages or objects that it is made of: read, and known of but not in the dump. Null where nothing is shown of it. */
  nodes: number | null
  absentNodes: number | null
  fill: TrackerFill[]
}

/** What a state adds up to. Null is what is not known. */
export interface StatTotals {
  blocks: number | null
  bytes: number | null
  metadataBytes: number | null
  sessions: number | null
  files: number | null
  regions: number | null
}

/** The outcome, with the message of what comes first in it. */
export interface OutcomeStat extends Outcome {
  reason: string | null
}

/** A state on one screen. Plain data: it can be sent to another thread. */
export interface Stat {
  image: ImageStat
  writer: WriterStat
  root: RootStat
  outcome: OutcomeStat
  totals: StatTotals
  tracker: TrackerStat
  /** Null where nothing readable says. */
  scratch: ScratchStat | null
  /** How that is known, or why it is not. */
  scratchReason: string
  room: RoomStat
  sessions: Listed<SessionStat>
  regions: Listed<RegionStat>
  /** Worst first. */
  findings: Finding[]
  /** Why totals of preserved memory are null; null where they are not. */
  notKnown: string | null
}

/**
 * Says on one screen who wrote a state, for whom it is, what it holds and what becomes of it.
 *
 * @throws KhoError `usage` for a reader that does not exist
 */
export function stat(state: KhoState, options: ValidateOptions = {}): Stat {
  const { outcome, findings } = validateState(state, options)
  const { totals, notKnown } = preservedTotals(state)
  const sessions = listSessions(state, notKnown)
  const regions = listRegions(state)
  return {
    image: imageStat(state),
    writer: writerOf(state),
    root: rootStat(state),
    outcome: { ...outcome, reason: reasonOf(outcome, findings) },
    totals: {
      ...totals,
      sessions: countOf(sessions),
      files: filesIn(sessions),
      regions: countOf(regions),
    },
    tracker: trackerStat(state),
    scratch: scratchStat(state),
    scratchReason: state.scratchReason,
    room: roomStat(roomOf(state, options)),
    sessions,
    regions,
    findings,
    notKnown,
  }
}

function imageStat(state: KhoState): ImageStat {
  const { image, geometry } = state
  return {
    path: image.path,
    container: image.container,
    pageSize: geometry.pageSize,
    ramBytes: sizeOfRanges(image.ramKnown),
    ramRanges: image.ramKnown.length,
    osRelease: dumpedRelease(state),
  }
}

function rootStat({ root, tracker, candidates, image }: KhoState): RootStat {
  return {
    address: image.dump.debugfs === undefined ? root.address : null,
    direction: root.direction,
    state: tracker.state,
    reason: tracker.reason,
    others: candidates.filter(other => other.address !== root.address).length,
  }
}

function trackerStat(state: KhoState): TrackerStat {
  const { format, decode } = state.tracker
  if (state.image.dump.debugfs !== undefined || isOverwritten(state)) {
    return { format, nodes: null, absentNodes: null, fill: [] }
  }
  return { format, nodes: decode.nodes.length, absentNodes: decode.absentNodes, fill: trackerFill(state) }
}

/** What was read from pages that hold other things by now is no total of anything. */
function preservedTotals(state: KhoState) {
  const totals = isOverwritten(state)
    ? { notKnown: 'the map was read and freed when this kernel booted' }
    : knownTotals(state)
  if (isNotKnown(totals)) {
    return { totals: { blocks: null, bytes: null, metadataBytes: null }, notKnown: totals.notKnown }
  }
  const { blocks, bytes, metadataBytes } = totals
  return { totals: { blocks, bytes, metadataBytes }, notKnown: null }
}

function listRegions(state: KhoState): Listed<RegionStat> {
  return listBelow<MemblockRegion, RegionStat>(state, 'memblock', 'regions', ({ path }, region) => {
    const { name, start, size } = region
    return { path, name, start, size }
  })
}

/** A list of which a part is not there has no count. */
function countOf({ items, notKnown }: Listed<unknown>): number | null {
  return items === null || notKnown !== null ? null : items.length
}

function filesIn(sessions: Listed<SessionStat>): number | null {
  if (countOf(sessions) === null || sessions.items === null) return null
  if (sessions.items.some(({ notKnown }) => notKnown !== null)) return null
  return sessions.items.reduce((sum, { files }) => sum + files.length, 0)
}

function reasonOf({ why }: Outcome, findings: readonly Finding[]): string | null {
  return findings.find(({ rule }) => rule === why[0])?.message ?? null
}
