import type { ElfNote } from '../../formats/dumps/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { Range } from '../../formats/memory/range.js'

/** Name of the note that says what was cut. */
export const SLIM_NOTE = 'KHO-TOOLS'

/**
 * Note types: whether the source knew all of the machine's RAM, or only of the memory in it; and, from 3 on, that contents
 * were taken out.
 */
const SLIM_NOTE_TYPE = {
  ramUnknown: 1,
  ramKnown: 2,
  redactedRamUnknown: 3,
  redactedRamKnown: 4,
} as const

/** The type of the note of an image. */
export function slimNoteType(ramKnown: boolean, redacted: boolean): number {
  return (ramKnown ? SLIM_NOTE_TYPE.ramKnown : SLIM_NOTE_TYPE.ramUnknown) + (redacted ? 2 : 0)
}

/** What a slim image says of itself and of what it was cut from. */
export interface SlimRecord {
  /** Version of the tool that wrote it. */
  version: string
  source: {
    /** File name without folders; null where redacted. */
    name: string | null
    container: string
    compression: string | null
    /** Bytes of the dump, uncompressed. */
    size: number
    /** `x86_64`, `aarch64` …; null where the container did not tell. */
    machine: string | null
    /** Codes of what was wrong with the container. */
    faults: readonly string[]
  }
  contents: boolean
  paths: readonly string[]
  redacted: 'no' | 'zeroed' | 'zeroed, names hashed'
  /** RAM that the source knew of. */
  ram: readonly Range[]
  /** Memory that the source had bytes for and this image has not. */
  excluded: readonly Range[]
  /** RAM that the source had no bytes for. */
  absent: readonly Range[]
}

/** The note's descriptor: one JSON document, ended by a NUL. */
export function encodeSlimNote(record: SlimRecord): Uint8Array {
  const list = (ranges: readonly Range[]) => ranges.map(({ start, end }) => `${hex(start)}-${hex(end)}`)
  const { version, ram, excluded, absent, ...rest } = record
  const document = {
    schema: 'kho/slim-note/1',
    tool: `kho-tools ${version}`,
    ...rest,
    ram: list(ram),
    excluded: list(excluded),
    absent: list(absent),
  }
  return new TextEncoder().encode(`${JSON.stringify(document)}\0`)
}

/** True where a note is one of a slim image. */
export function isSlimNote(note: ElfNote): boolean {
  return note.name === SLIM_NOTE
}
