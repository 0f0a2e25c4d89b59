import { KhoError } from '../error.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { noteAlign } from './elf-notes.js'
import {
  ELF_HEADER_BYTES,
  ET_CORE,
  NOTE_HEADER_BYTES,
  PN_XNUM,
  PROGRAM_HEADER_BYTES,
  PT_LOAD,
  PT_NOTE,
  SECTION_HEADER_BYTES,
} from './elf-records.js'
import { type Content, contentLength, type Sink, writeContent } from './sink.js'

/** One PT_LOAD to be written. */
export interface ElfWriterSegment {
  phys: number
  content: Content
  /** Bytes of memory; what exceeds the content is RAM whose bytes are not in the file. Default: the content's length. */
  memsz?: number
}

/** A note to be written. */
export interface ElfWriterNote {
  name: string
  type: number
  desc: Uint8Array
}

export interface ElfWriterOptions {
  notes?: readonly ElfWriterNote[]
  /** e_machine; default 62, x86-64. */
  machine?: number
}

/** e_machine values of the machines that can enable KHO. */
export const ELF_MACHINE = { x86_64: 62, aarch64: 183 } as const

/** Segments begin at file offsets that are congruent to their address modulo this. */
const ALIGN = 4096

/**
 * Writes an ELF core whose PT_LOAD segments lie at their physical addresses (p_paddr; p_vaddr is 0), in the
 * order given, and streams it: no more than one piece of a segment's source is in memory. With 65,535
 * segments and more their number is in section header 0 (PN_XNUM).
 *
 * @returns the length of the file in bytes; all of it went through the sink.
 * @throws KhoError `usage` for a segment that is no memory, `unreadable` when a source falls short.
 */
export function writeElf(
  segments: readonly ElfWriterSegment[],
  options: ElfWriterOptions,
  sink: Sink,
): number {
  const notes = encodeNotes(options.notes ?? [])
  const count = segments.length + (notes.length > 0 ? 1 : 0)
  const extended = count >= PN_XNUM
  const tableOffset = ELF_HEADER_BYTES + (extended ? SECTION_HEADER_BYTES : 0)
  const notesOffset = tableOffset + count * PROGRAM_HEADER_BYTES
  const head = new Uint8Array(notesOffset + notes.length)
  const view = new DataView(head.buffer)

  writeHeader(view, count, extended, tableOffset, options.machine ?? ELF_MACHINE.x86_64)
  let entry = tableOffset
  if (notes.length > 0) {
    writeProgramHeader(view, entry, {
      type: PT_NOTE,
      offset: notesOffset,
      phys: 0,
      filesz: notes.length,
      memsz: 0,
    })
    entry += PROGRAM_HEADER_BYTES
  }
  let end = head.length
  const offsets = new Float64Array(segments.length)
  segments.forEach((segment, i) => {
    const filesz = contentLength(segment.content)
    const memsz = segment.memsz ?? filesz
    checkSegment(segment.phys, filesz, memsz)
    if (filesz > 0) {
      offsets[i] = nextCongruent(end, segment.phys)
      end = offsets[i]! + filesz
    }
    writeProgramHeader(view, entry, { type: PT_LOAD, offset: offsets[i]!, phys: segment.phys, filesz, memsz })
    entry += PROGRAM_HEADER_BYTES
  })
  head.set(notes, notesOffset)
  sink(head, 0)

  let at = head.length
  segments.forEach((segment, i) => {
    const filesz = contentLength(segment.content)
    if (filesz === 0) return
    const offset = offsets[i]!
    if (offset > at) sink(new Uint8Array(offset - at), at)
    writeContent(segment.content, offset, sink)
    at = offset + filesz
  })
  return at
}

/** The first offset at or after `end` that is congruent to `phys` modulo the alignment. */
function nextCongruent(end: number, phys: number): number {
  return end + ((((phys - end) % ALIGN) + ALIGN) % ALIGN)
}

function checkSegment(phys: number, filesz: number, memsz: number): void {
  const whole = Number.isSafeInteger(phys) && Number.isSafeInteger(memsz)
  if (!whole || phys < 0 || memsz < filesz || phys + memsz > ADDRESS_LIMIT) {
    throw new KhoError(
      'usage',
      `no segment: ${memsz} bytes of memory, ${filesz} in the file, at ${hex(phys)}`,
    )
  }
}

function writeHeader(
  view: DataView,
  count: number,
  extended: boolean,
  tableOffset: number,
  machine: number,
): void {
  const ident = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]
  ident.forEach((byte, i) => {
    view.setUint8(i, byte)
  })
  view.setUint16(16, ET_CORE, true)
  view.setUint16(18, machine, true)
  view.setUint32(20, 1, true)
  setU64(view, 32, tableOffset)
  view.setUint16(52, ELF_HEADER_BYTES, true)
  view.setUint16(54, PROGRAM_HEADER_BYTES, true)
  view.setUint16(56, extended ? PN_XNUM : count, true)
  if (extended) {
    setU64(view, 40, ELF_HEADER_BYTES)
    view.setUint16(58, SECTION_HEADER_BYTES, true)
    view.setUint16(60, 1, true)
    view.setUint32(ELF_HEADER_BYTES + 44, count, true)
  }
}

interface Program {
  type: number
  offset: number
  phys: number
  filesz: number
  memsz: number
}

/** Flags: readable. */
const PF_R = 4

function writeProgramHeader(view: DataView, at: number, program: Program): void {
  view.setUint32(at, program.type, true)
  view.setUint32(at + 4, PF_R, true)
  setU64(view, at + 8, program.offset)
  setU64(view, at + 24, program.phys)
  setU64(view, at + 32, program.filesz)
  setU64(view, at + 40, program.memsz)
  setU64(view, at + 48, program.type === PT_LOAD ? ALIGN : 4)
}

function encodeNotes(notes: readonly ElfWriterNote[]): Uint8Array {
  const names = notes.map(({ name }) => new TextEncoder().encode(`${name}\0`))
  const size = notes.reduce(
    (sum, { desc }, i) => sum + NOTE_HEADER_BYTES + noteAlign(names[i]!.length) + noteAlign(desc.length),
    0,
  )
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  notes.forEach(({ type, desc }, i) => {
    const name = names[i]!
    view.setUint32(at, name.length, true)
    view.setUint32(at + 4, desc.length, true)
    view.setUint32(at + 8, type, true)
    bytes.set(name, at + NOTE_HEADER_BYTES)
    at += NOTE_HEADER_BYTES + noteAlign(name.length)
    bytes.set(desc, at)
    at += noteAlign(desc.length)
  })
  return bytes
}

function setU64(view: DataView, offset: number, value: number): void {
  view.setBigUint64(offset, BigInt(value), true)
}
