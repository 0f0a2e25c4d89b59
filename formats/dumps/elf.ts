import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { type Fault, fault, hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { mergeRanges, type Range } from '../memory/range.js'
import type { Dump, ElfNote } from './dump.js'
import { readNotes, readVmcoreinfo } from './elf-notes.js'
import {
  ELF64_EHDR,
  ELF64_PHDR,
  type ElfHeader,
  ET_CORE,
  PN_XNUM,
  type ProgramHeader,
  PT_LOAD,
  PT_NOTE,
  readElfHeader,
  readProgramHeader,
  readSectionInfo,
} from './elf-records.js'
import { segmentMemory } from './segment-memory.js'
import { clipSegments, type Segment } from './segments.js'

/** e_machine to `uname -m`. */
const MACHINES: ReadonlyMap<number, string> = new Map([
  [62, 'x86_64'],
  [183, 'aarch64'],
  [243, 'riscv64'],
  [258, 'loongarch64'],
])

/** e_flags bit of makedumpfile (IMPLEMENTATION, 1.7.7): the disk was full before the dump was complete. */
const DUMP_ELF_INCOMPLETE = 1

/** A dump of 16 GiB of single pages has this many segments; more would not fit in memory as a table. */
const MAX_SEGMENTS = 2 ** 22

/**
 * Opens an ELF core of physical memory: what QEMU's `dump-guest-memory`, `/proc/vmcore`, makedumpfile -E and
 * this package write. The physical address of a segment is p_paddr; p_vaddr is not looked at. Memory that a
 * segment has but the file does not (p_filesz < p_memsz) is absent as `excluded`, not zero.
 *
 * @throws KhoError `unreadable` for a header that is cut short or contradicts the file, `unknown-format` for an
 * ELF file that is no dump, `unsupported` for a dump of a 32-bit or big-endian machine.
 */
export function openElf(source: ByteSource): Dump {
  checkIdent(source)
  const header = readElfHeader(source)
  checkType(header)
  const table = readSegmentTable(source, header)
  const { present, truncated } = clipSegments(table.inFile, source.size)
  const faults = [...table.faults]
  if (truncated.length > 0) {
    const missing = truncated.reduce((sum, range) => sum + (range.end - range.start), 0)
    const message = `the file ends at ${hex(source.size)}: ${missing} bytes that its segments promise are not there`
    faults.push(fault('DUMP-TRUNCATED', message, truncated[0]!.start, null, 'truncated'))
  }
  if (header.flags % 2 === DUMP_ELF_INCOMPLETE) {
    faults.push(fault('DUMP-INCOMPLETE', 'makedumpfile marked this dump as incomplete (e_flags 0x1)'))
  }
  return {
    container: 'elf',
    memory: segmentMemory(source, { present, truncated, ranges: mergeRanges(table.ranges) }),
    notes: table.notes,
    vmcoreinfo: readVmcoreinfo(source, table.notes),
    machine: MACHINES.get(header.machine) ?? `elf-machine-${header.machine}`,
    elf: { class: 64, type: header.type, machine: header.machine, flags: header.flags, loads: table.loads },
    faults,
  }
}

function checkIdent(source: ByteSource): void {
  const ident = source.read(0, 16)
  if (ident.length < 4 || ident[0] !== 0x7f || ident[1] !== 0x45 || ident[2] !== 0x4c || ident[3] !== 0x46) {
    throw new KhoError('unknown-format', 'not an ELF file: the magic 7f 45 4c 46 is missing', { offset: 0 })
  }
  if (source.size < ELF64_EHDR.size) {
    throw new KhoError('unreadable', `the ELF header is cut short: the file has ${source.size} bytes`, {
      offset: 0,
    })
  }
  if (ident[5] === 2) {
    throw new KhoError(
      'unsupported',
      'this ELF file is big-endian; every machine that can enable KHO is little-endian',
      { offset: 5 },
    )
  }
  if (ident[4] === 1) {
    throw new KhoError('unsupported', 'this ELF file is 32-bit, and KHO exists on 64-bit machines only', {
      offset: 4,
      hint: 'makedumpfile and QEMU write 64-bit files; kexec needs --elf64-core-headers',
    })
  }
  if (ident[4] !== 2 || ident[5] !== 1) {
    const message = `damaged ELF header: class ${ident[4]}, byte order ${ident[5]}`
    throw new KhoError('unreadable', message, { offset: 4 })
  }
}

function checkType(header: ElfHeader): void {
  if (header.type === ET_CORE) return
  const kinds = ['of no type', 'an object file or module', 'an executable', 'a shared object or executable']
  const kind = kinds[header.type] ?? `of type ${hex(header.type)}`
  throw new KhoError('unknown-format', `this ELF file is ${kind}, not a core dump`, {
    offset: 16,
    hint: 'give the dump of the machine, not the kernel (vmlinux) that ran on it',
  })
}

interface SegmentTable {
  loads: number
  /** What lies in the file, or should. */
  inFile: Segment[]
  ranges: Range[]
  notes: ElfNote[]
  faults: Fault[]
}

function readSegmentTable(source: ByteSource, header: ElfHeader): SegmentTable {
  const start = fileOffset(header.phoff, 'e_phoff')
  const count = segmentCount(source, header)
  if (count > 0 && header.phentsize !== ELF64_PHDR.size) {
    const message = `damaged ELF header: program headers of ${header.phentsize} bytes, not ${ELF64_PHDR.size}`
    throw new KhoError('unreadable', message, { offset: 54 })
  }
  if (start + count * ELF64_PHDR.size > source.size) {
    const message = `${count} program headers at file offset ${hex(start)} go beyond the end of the file (${hex(source.size)})`
    throw new KhoError('unreadable', message, { offset: start })
  }
  if (count > MAX_SEGMENTS) {
    throw new KhoError('unsupported', `the dump has ${count} segments; at most ${MAX_SEGMENTS} are read`)
  }
  const table: SegmentTable = { loads: 0, inFile: [], ranges: [], notes: [], faults: [] }
  const ignored = { count: 0, first: '' }
  let addressless = true
  for (let i = 0; i < count; i++) {
    const program = readProgramHeader(source, start + i * ELF64_PHDR.size)
    if (program.type === PT_LOAD) {
      table.loads++
      addressless &&= program.paddr === 0n && program.vaddr !== 0n
      const problem = addLoad(table, program)
      if (problem !== null && ignored.count++ === 0) ignored.first = `segment ${i}: ${problem}`
    } else if (program.type === PT_NOTE) {
      addNotes(source, table, program, i)
    }
  }
  checkLoads(table.loads, addressless)
  if (ignored.count > 0) {
    table.faults.push(fault('DUMP-SEGMENT', `${ignored.count} segments are not used; ${ignored.first}`))
  }
  return table
}

function checkLoads(loads: number, addressless: boolean): void {
  if (loads === 0) {
    throw new KhoError('unknown-format', 'this ELF core has no memory in it: no PT_LOAD segment', {
      hint: 'a Xen domain is dumped with PT_LOAD segments by "virsh dump --memory-only"',
    })
  }
  if (loads > 1 && addressless) {
    const message =
      'this ELF core has no physical addresses (every p_paddr is 0): it is a process, not a machine'
    throw new KhoError('unknown-format', message)
  }
}

function segmentCount(source: ByteSource, header: ElfHeader): number {
  if (header.phnum !== PN_XNUM) return header.phnum
  return readSectionInfo(source, fileOffset(header.shoff, 'e_shoff'))
}

function fileOffset(value: bigint, what: string): number {
  if (value < BigInt(ADDRESS_LIMIT)) return Number(value)
  throw new KhoError('unreadable', `damaged ELF header: ${what} is ${hex(value)}`)
}

/** Takes a PT_LOAD in; returns why not where it makes no sense. */
function addLoad(table: SegmentTable, program: ProgramHeader): string | null {
  const { paddr, offset, filesz } = program
  const limit = BigInt(ADDRESS_LIMIT)
  let memsz = program.memsz
  // A file that says more bytes than memory: the bytes are there, so they are taken at their word.
  if (memsz < filesz) memsz = filesz
  if (paddr >= limit || paddr + memsz > limit) {
    return `physical address ${hex(paddr)} with ${hex(memsz)} bytes is none`
  }
  if (offset + filesz > BigInt(Number.MAX_SAFE_INTEGER)) {
    return `file offset ${hex(offset)} with ${hex(filesz)} bytes is none`
  }
  const start = Number(paddr)
  if (memsz > 0n) table.ranges.push({ start, end: start + Number(memsz) })
  if (filesz > 0n) table.inFile.push({ start, end: start + Number(filesz), offset: Number(offset) })
  return null
}

function addNotes(source: ByteSource, table: SegmentTable, program: ProgramHeader, index: number): void {
  const { offset, filesz } = program
  if (offset + filesz > BigInt(Number.MAX_SAFE_INTEGER)) {
    table.faults.push(fault('DUMP-NOTE', `segment ${index}: notes at file offset ${hex(offset)}`))
    return
  }
  table.faults.push(...readNotes(source, Number(offset), Number(filesz), table.notes))
}
