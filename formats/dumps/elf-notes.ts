import type { ByteSource } from '../memory/byte-source.js'
import { type Fault, fault, hex } from '../memory/fault.js'
import type { ElfNote } from './dump.js'
import { ELF64_NHDR, readNoteHeader } from './elf-records.js'

/** A machine with 8192 CPUs has some 25,000 notes; more than this is no dump that anything writes. */
const MAX_NOTES = 2 ** 17

/** Longest name that is kept whole. */
const MAX_NAME_BYTES = 256

/** Longest VMCOREINFO that is read (the kernel's is at most a page). */
const MAX_VMCOREINFO_BYTES = 2 ** 20

/** Rounds up to the alignment of note names and descriptors, which is 4 also in 64-bit files that Linux writes. */
export function noteAlign(length: number): number {
  return Math.ceil(length / 4) * 4
}

/**
 * Lists the notes of a PT_NOTE segment. Notes that lead out of the segment or the file end the list with a
 * fault; zeros (the kernel pads its per-CPU notes with them) end it without.
 */
export function readNotes(source: ByteSource, offset: number, length: number, notes: ElfNote[]): Fault[] {
  const end = Math.min(offset + length, source.size)
  const faults: Fault[] = []
  if (offset + length > source.size) {
    faults.push(fault('DUMP-NOTE', `the notes at file offset ${hex(offset)} go beyond the end of the file`))
  }
  let at = offset
  while (at + ELF64_NHDR.size <= end) {
    const { namesz, descsz, type } = readNoteHeader(source, at)
    if (namesz === 0 && descsz === 0 && type === 0) break
    const name = at + ELF64_NHDR.size
    const desc = name + noteAlign(namesz)
    if (desc + descsz > end) {
      faults.push(fault('DUMP-NOTE', `the note at file offset ${hex(at)} goes beyond its segment`))
      break
    }
    if (notes.length >= MAX_NOTES) {
      faults.push(
        fault('DUMP-NOTE', `more than ${MAX_NOTES} notes: those from file offset ${hex(at)} are left out`),
      )
      break
    }
    notes.push({ name: noteName(source, name, namesz), type, offset: desc, length: descsz })
    at = desc + noteAlign(descsz)
  }
  return faults
}

function noteName(source: ByteSource, offset: number, length: number): string {
  return text(source.read(offset, Math.min(length, MAX_NAME_BYTES)))
}

/** The text of the VMCOREINFO note (include/linux/vmcore_info.h), or null where there is none. */
export function readVmcoreinfo(source: ByteSource, notes: readonly ElfNote[]): string | null {
  const note = notes.find(({ name, length }) => name === 'VMCOREINFO' && length > 0)
  if (note === undefined) return null
  return text(source.read(note.offset, Math.min(note.length, MAX_VMCOREINFO_BYTES)))
}

/** Bytes up to the first NUL, as text. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}
