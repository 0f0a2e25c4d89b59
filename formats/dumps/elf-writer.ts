import { KhoError } from '../error.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { noteAlign } from './elf-notes.js'
import {
  ELF64_EHDR,
  ELF64_NHDR,
  ELF64_PHDR,
  ELF64_SHDR,
  ET_CORE,
  PN_XNUM,
  PT_LOAD,
  PT_NOTE,
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
  const tableOffset = ELF64_EHDR.size + (extended ? ELF64_SHDR.size : 0)
  const notesOffset = tableOffset + count * ELF64_PHDR.size
  const head = new Uint8Array(notesOffset + notes.length)

  writeHeader(head, count, extended, tableOffset, options.machine ?? ELF_MACHINE.x86_64)
  let entry = tableOffset
  if (notes.length > 0) {
    writeProgramHeader(head, entry, {
      type: PT_NOTE,
      offset: notesOffset,
      phys: 0,
      filesz: notes.length,
      memsz: 0,
    })
    entry += ELF64_PHDR.size
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
    writeProgramHeader(head, entry, { type: PT_LOAD, offset: offsets[i]!, phys: segment.phys, filesz, memsz })
    entry += ELF64_PHDR.size
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

const IDENT = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1)

function writeHeader(
  head: Uint8Array,
  count: number,
  extended: boolean,
  tableOffset: number,
  machine: number,
): void {
  ELF64_EHDR.write(head, 0, {
    ident: IDENT,
    type: ET_CORE,
    machine,
    version: 1,
    entry: 0n,
    phoff: BigInt(tableOffset),
    shoff: BigInt(extended ? ELF64_EHDR.size : 0),
    flags: 0,
    ehsize: ELF64_EHDR.size,
    phentsize: ELF64_PHDR.size,
    phnum: extended ? PN_XNUM : count,
    shentsize: extended ? ELF64_SHDR.size : 0,
    shnum: extended ? 1 : 0,
    shstrndx: 0,
  })
  if (extended) ELF64_SHDR.write(head, ELF64_EHDR.size, { info: count })
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

function writeProgramHeader(head: Uint8Array, at: number, program: Program): void {
  ELF64_PHDR.write(head, at, {
    type: program.type,
    flags: PF_R,
    offset: BigInt(program.offset),
    vaddr: 0n,
    paddr: BigInt(program.phys),
    filesz: BigInt(program.filesz),
    memsz: BigInt(program.memsz),
    align: BigInt(program.type === PT_LOAD ? ALIGN : 4),
  })
}

function encodeNotes(notes: readonly ElfWriterNote[]): Uint8Array {
  const names = notes.map(({ name }) => new TextEncoder().encode(`${name}\0`))
  const size = notes.reduce(
    (sum, { desc }, i) => sum + ELF64_NHDR.size + noteAlign(names[i]!.length) + noteAlign(desc.length),
    0,
  )
  const bytes = new Uint8Array(size)
  let at = 0
  notes.forEach(({ type, desc }, i) => {
    const name = names[i]!
    ELF64_NHDR.write(bytes, at, { namesz: name.length, descsz: desc.length, type })
    bytes.set(name, at + ELF64_NHDR.size)
    at += ELF64_NHDR.size + noteAlign(name.length)
    bytes.set(desc, at)
    at += noteAlign(desc.length)
  })
  return bytes
}
