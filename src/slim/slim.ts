import { type ElfWriterNote, type Sink, writeElf } from '../../formats/dumps/index.js'
import {
  intersectRanges,
  type Range,
  roundRanges,
  sizeOfRanges,
  subtractRanges,
} from '../../formats/memory/range.js'
import { createRangeLog } from '../../formats/memory/range-log.js'
import { forEachRange } from '../../formats/pages/runs.js'
import { elfMachineOf, layOutElf, memorySource } from '../image/elf-layout.js'
import { loadState, loadStates, type StateOptions } from '../image/load-state.js'
import type { KhoImage } from '../image/open.js'
import type { KhoState } from '../image/state.js'
import { ownershipOf } from '../owners/ownership.js'
import { encodeSlimNote, isSlimNote, SLIM_NOTE, type SlimRecord, slimNoteType } from './note.js'
import { pathRanges } from './path-ranges.js'
import { recordImage, surveyImage } from './record.js'
import { planRedaction, type Redaction, redactBytes, redactVmcoreinfo } from './redact.js'

/** What to keep of an image, and how. */
export interface SlimOptions extends StateOptions {
  /** Version of the tool, for the note. */
  version: string
  /** Keep all memory that the state preserves. */
  contents?: boolean
  /** Keep the contents behind these paths. */
  paths?: readonly string[]
  /** Zero what is no structure. */
  redact?: boolean
  /** With `redact`: names of sessions and releases become hashes. */
  hash?: boolean
  /** Reads what else is to be read from a state; what it reads is kept. */
  visit?: (state: KhoState) => void
}

/** What a slim image will hold. */
export interface SlimPlan {
  image: KhoImage
  /** The state that paths and contents are of. */
  state: KhoState
  /** Kept memory, sorted, disjoint. */
  kept: Range[]
  record: SlimRecord
  notes: ElfWriterNote[]
  redaction: Redaction | null
}

/** Memory is kept in whole units of this, or of a page, whichever is larger. */
const UNIT = 4096

/**
 * Finds out what `kho` reads of an image: by reading all of it, every candidate and every structure, and noting where
 * the bytes came from. Nothing is written.
 *
 * @throws KhoError `no-state` as `loadState` does, `usage` for a path that leads nowhere
 */
export function planSlim(image: KhoImage, options: SlimOptions): SlimPlan {
  const survey = surveyImage(image, options.progress)
  const given = typeof options.root === 'number' ? options.root : null
  const recording = recordImage(image, survey, given)
  const { progress: _, root, ...settings } = options
  const states = loadStates(recording.image, given === null ? settings : { ...settings, root: given })
  const state = pickState(states, recording.image, settings, root)
  for (const each of states) {
    ownershipOf(each)
    options.visit?.(each)
  }
  const read = recording.log.list()
  const wanted = createRangeLog()
  for (const { start, end } of read) wanted.add(start, end)
  if (options.contents === true)
    forEachRange(state.tracker.decode.pages, (start, end) => wanted.add(start, end))
  for (const path of options.paths ?? []) pathRanges(state, path, wanted)
  const unit = Math.max(UNIT, state.geometry.pageSize)
  const kept = intersectRanges(roundRanges(wanted.list(), unit), survey.present)
  const redact = options.redact === true
  const hash = options.hash === true
  const redaction = redact ? planRedaction(image.memory, states, survey, read, hash) : null
  const record = makeRecord(image, options, kept, survey.present)
  return { image, state, kept, record, notes: makeNotes(image, record, redact && hash), redaction }
}

/** The same choice as every other command makes. */
function pickState(
  states: readonly KhoState[],
  image: KhoImage,
  settings: StateOptions,
  root: StateOptions['root'],
): KhoState {
  const fits = states.find(
    ({ root: { direction, address } }) => root === undefined || root === direction || root === address,
  )
  // Has its own words for what is not there.
  return fits ?? loadState(image, root === undefined ? settings : { ...settings, root })
}

function makeRecord(
  image: KhoImage,
  options: SlimOptions,
  kept: readonly Range[],
  present: readonly Range[],
): SlimRecord {
  const { dump, container, compression, path, memory } = image
  const redacted = options.redact !== true ? 'no' : options.hash === true ? 'zeroed, names hashed' : 'zeroed'
  return {
    version: options.version,
    source: {
      name: options.redact === true ? null : path.replace(/^.*[/\\]/, ''),
      container,
      compression,
      size: memory.inputSize,
      machine: dump.machine,
      faults: dump.faults.map(({ code }) => code),
    },
    contents: options.contents === true,
    paths: options.paths ?? [],
    redacted,
    ram: image.ramKnown,
    excluded: subtractRanges(present, kept),
    absent: subtractRanges(image.ramKnown, present),
  }
}

function makeNotes(image: KhoImage, record: SlimRecord, hash: boolean): ElfWriterNote[] {
  const { dump, container } = image
  const old = dump.notes.find(isSlimNote)
  // A dump without notes was cut to some pages, and says of others nothing; another slim image says it itself.
  const known = old === undefined ? dump.notes.length > 0 || container === 'kdump' : old.type % 2 === 0
  const type = slimNoteType(known, record.redacted !== 'no' || (old?.type ?? 0) > 2)
  const notes: ElfWriterNote[] = [{ name: SLIM_NOTE, type, desc: encodeSlimNote(record) }]
  if (dump.vmcoreinfo === null) return notes
  const text = redactVmcoreinfo(dump.vmcoreinfo, hash)
  return [{ name: 'VMCOREINFO', type: 0, desc: new TextEncoder().encode(text) }, ...notes]
}

/**
 * Writes the image: an ELF core with segments at their physical addresses. RAM whose bytes are not kept is the end of
 * a segment that the file does not have.
 *
 * @returns bytes of the file
 */
export function writeSlim(plan: SlimPlan, sink: Sink): number {
  const { image, kept, redaction } = plan
  const segments = layOutElf(kept, image.ramKnown, range => {
    const source = memorySource(image.memory, range)
    if (redaction === null) return source
    const read = (offset: number, length: number) =>
      redactBytes(source.read(offset, length), range.start + offset, redaction)
    return { size: source.size, read }
  })
  const { elf, machine } = image.dump
  return writeElf(segments, { notes: plan.notes, machine: elfMachineOf(elf?.machine ?? null, machine) }, sink)
}

/** Bytes of memory that a plan keeps. */
export function keptBytes(plan: SlimPlan): number {
  return sizeOfRanges(plan.kept)
}
