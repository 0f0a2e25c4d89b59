import { Parser } from 'binary-parser'
import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { hex } from '../memory/fault.js'

/** Elf64_Ehdr after e_ident. Layouts: include/uapi/linux/elf.h, 6.19. */
export interface ElfHeader {
  type: number
  machine: number
  version: number
  entry: bigint
  phoff: bigint
  shoff: bigint
  flags: number
  ehsize: number
  phentsize: number
  phnum: number
  shentsize: number
  shnum: number
  shstrndx: number
}

/** Elf64_Phdr. */
export interface ProgramHeader {
  type: number
  flags: number
  offset: bigint
  vaddr: bigint
  paddr: bigint
  filesz: bigint
  memsz: bigint
  align: bigint
}

/** Elf64_Nhdr. */
export interface NoteHeader {
  namesz: number
  descsz: number
  type: number
}

export const ELF_HEADER_BYTES = 64
export const PROGRAM_HEADER_BYTES = 56
export const SECTION_HEADER_BYTES = 64
export const NOTE_HEADER_BYTES = 12

/** e_phnum when the real count does not fit: it is then in sh_info of section header 0. */
export const PN_XNUM = 0xffff
export const ET_CORE = 4
export const PT_LOAD = 1
export const PT_NOTE = 4

const headerParser = new Parser()
  .endianness('little')
  .seek(16)
  .uint16('type')
  .uint16('machine')
  .uint32('version')
  .uint64('entry')
  .uint64('phoff')
  .uint64('shoff')
  .uint32('flags')
  .uint16('ehsize')
  .uint16('phentsize')
  .uint16('phnum')
  .uint16('shentsize')
  .uint16('shnum')
  .uint16('shstrndx')

const programParser = new Parser()
  .endianness('little')
  .uint32('type')
  .uint32('flags')
  .uint64('offset')
  .uint64('vaddr')
  .uint64('paddr')
  .uint64('filesz')
  .uint64('memsz')
  .uint64('align')

/** Of Elf64_Shdr only sh_info (offset 44) matters here. */
const sectionParser = new Parser().endianness('little').seek(44).uint32('info')

const noteParser = new Parser().endianness('little').uint32('namesz').uint32('descsz').uint32('type')

/** Reads the ELF header at the start of the file. */
export function readElfHeader(source: ByteSource): ElfHeader {
  return readRecord<ElfHeader>(source, headerParser, 0, ELF_HEADER_BYTES, 'the ELF header')
}

/** Reads sh_info of the section header at `offset`. */
export function readSectionInfo(source: ByteSource, offset: number): number {
  const what = 'section header 0, which has the number of segments,'
  return readRecord<{ info: number }>(source, sectionParser, offset, SECTION_HEADER_BYTES, what).info
}

/** Reads the program header at `offset`. */
export function readProgramHeader(source: ByteSource, offset: number): ProgramHeader {
  return readRecord<ProgramHeader>(source, programParser, offset, PROGRAM_HEADER_BYTES, 'a program header')
}

/** Reads the note header at `offset`. */
export function readNoteHeader(source: ByteSource, offset: number): NoteHeader {
  return readRecord<NoteHeader>(source, noteParser, offset, NOTE_HEADER_BYTES, 'a note')
}

/** binary-parser answers short input with a bare RangeError; this one says what and where. */
function readRecord<T>(source: ByteSource, parser: Parser, offset: number, length: number, what: string): T {
  const bytes = source.read(offset, length)
  if (bytes.length < length) {
    const message = `${what} at file offset ${hex(offset)} is cut short: the file ends at ${hex(source.size)}`
    throw new KhoError('unreadable', message, { offset })
  }
  return parser.parse(bytes) as T
}
