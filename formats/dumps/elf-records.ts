import { KhoError } from '../error.js'
import { defineStruct, type Struct, type StructOf } from '../layout/index.js'
import type { ByteSource } from '../memory/byte-source.js'
import { hex } from '../memory/fault.js'

const SOURCE = 'include/uapi/linux/elf.h'

/** The header of a file. Layouts: include/uapi/linux/elf.h, 7.3. */
export const ELF64_EHDR = defineStruct('Elf64_Ehdr', {
  since: '1.3',
  source: SOURCE,
  size: 64,
  fields: [
    { name: 'ident', type: 'bytes', offset: 0, length: 16, doc: 'magic, class, byte order, version' },
    { name: 'type', type: 'u16', offset: 16, doc: '4 is ET_CORE' },
    { name: 'machine', type: 'u16', offset: 18, doc: '62 x86-64, 183 AArch64' },
    { name: 'version', type: 'u32', offset: 20, doc: '1' },
    { name: 'entry', type: 'u64', offset: 24, doc: '0 in a core' },
    { name: 'phoff', type: 'u64', offset: 32, doc: 'file offset of the program headers' },
    { name: 'shoff', type: 'u64', offset: 40, doc: 'file offset of the section headers' },
    { name: 'flags', type: 'u32', offset: 48, doc: 'of the machine' },
    { name: 'ehsize', type: 'u16', offset: 52, doc: 'bytes of this header' },
    { name: 'phentsize', type: 'u16', offset: 54, doc: 'bytes of a program header' },
    {
      name: 'phnum',
      type: 'u16',
      offset: 56,
      doc: 'program headers; 0xffff: their number is in section header 0',
    },
    { name: 'shentsize', type: 'u16', offset: 58, doc: 'bytes of a section header' },
    { name: 'shnum', type: 'u16', offset: 60, doc: 'section headers' },
    { name: 'shstrndx', type: 'u16', offset: 62, doc: 'section of their names' },
  ],
})

/** A segment. */
export const ELF64_PHDR = defineStruct('Elf64_Phdr', {
  since: '1.3',
  source: SOURCE,
  size: 56,
  fields: [
    { name: 'type', type: 'u32', offset: 0, doc: '1 is PT_LOAD, 4 PT_NOTE' },
    { name: 'flags', type: 'u32', offset: 4, doc: 'readable, writable, executable' },
    { name: 'offset', type: 'u64', offset: 8, doc: 'in the file' },
    { name: 'vaddr', type: 'u64', offset: 16, doc: 'virtual address' },
    { name: 'paddr', type: 'u64', offset: 24, doc: 'physical address' },
    { name: 'filesz', type: 'u64', offset: 32, doc: 'bytes in the file' },
    { name: 'memsz', type: 'u64', offset: 40, doc: 'bytes in memory' },
    { name: 'align', type: 'u64', offset: 48, doc: '0 in a core' },
  ],
})

/** A section, of which only sh_info matters here. */
export const ELF64_SHDR = defineStruct('Elf64_Shdr', {
  since: '1.3',
  source: SOURCE,
  size: 64,
  fields: [{ name: 'info', type: 'u32', offset: 44, doc: 'of section 0: the number of program headers' }],
})

/** Begins a note. */
export const ELF64_NHDR = defineStruct('Elf64_Nhdr', {
  since: '1.3',
  source: SOURCE,
  size: 12,
  fields: [
    { name: 'namesz', type: 'u32', offset: 0, doc: 'bytes of the name' },
    { name: 'descsz', type: 'u32', offset: 4, doc: 'bytes of the descriptor' },
    { name: 'type', type: 'u32', offset: 8, doc: 'what it says' },
  ],
})

/** The header's fields, as they stand. */
export type ElfHeader = StructOf<typeof ELF64_EHDR>
/** A segment's fields, as they stand. */
export type ProgramHeader = StructOf<typeof ELF64_PHDR>
/** The fields that begin a note. */
export type NoteHeader = StructOf<typeof ELF64_NHDR>

/** e_phnum when the real count does not fit: it is then in sh_info of section header 0. */
export const PN_XNUM = 0xffff
export const ET_CORE = 4
export const PT_LOAD = 1
export const PT_NOTE = 4

/** Reads the ELF header at the start of the file. */
export function readElfHeader(source: ByteSource): ElfHeader {
  return readRecord(source, ELF64_EHDR, 0, 'the ELF header')
}

/** Reads sh_info of the section header at `offset`. */
export function readSectionInfo(source: ByteSource, offset: number): number {
  return readRecord(source, ELF64_SHDR, offset, 'section header 0, which has the number of segments,').info
}

/** Reads the program header at `offset`. */
export function readProgramHeader(source: ByteSource, offset: number): ProgramHeader {
  return readRecord(source, ELF64_PHDR, offset, 'a program header')
}

/** Reads the note header at `offset`. */
export function readNoteHeader(source: ByteSource, offset: number): NoteHeader {
  return readRecord(source, ELF64_NHDR, offset, 'a note')
}

/** A record of a file, or what is cut short and where. */
function readRecord<V extends object>(
  source: ByteSource,
  struct: Struct<V>,
  offset: number,
  what: string,
): V {
  const bytes = source.read(offset, struct.size)
  if (bytes.length < struct.size) {
    const message = `${what} at file offset ${hex(offset)} is cut short: the file ends at ${hex(source.size)}`
    throw new KhoError('unreadable', message, { offset })
  }
  return struct.read(bytes)
}
