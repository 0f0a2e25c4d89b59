import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { type Fault, fault, hex } from '../memory/fault.js'
import { mergeRanges, type Range } from '../memory/range.js'
import { viewOf } from '../memory/u64.js'
import type { Dump, ElfNote } from './dump.js'
import { readNotes, readVmcoreinfo } from './elf-notes.js'
import { bitmapRanges, openBitmap, sameBitmap } from './kdump-bitmap.js'
import {
  KDUMP_INCOMPLETE,
  KDUMP_ZLIB,
  KDUMP_ZSTD,
  type KdumpHeader,
  PAGE_DESC_BYTES,
  readKdumpHeader,
} from './kdump-header.js'
import { kdumpMemory } from './kdump-memory.js'
import {
  type Codecs,
  descriptorSource,
  type KdumpFile,
  type KdumpSource,
  parseDescriptor,
} from './kdump-pages.js'

/** RAM in more pieces than this is listed coarsely; what is absent from it is told apart all the same. */
const MAX_RANGES = 2 ** 16

/** Descriptors at the end of a file that are looked at for data beyond its end. */
const LAST_DESCRIPTORS = 4096

/** The bits of makedumpfile's dump level (makedumpfile(8), -d). */
const LEVELS: readonly [number, string][] = [
  [1, 'pages of zeros'],
  [2, 'cache'],
  [4, 'private cache'],
  [8, 'user data'],
  [16, 'free pages'],
]

/**
 * Opens a dump in makedumpfile's kdump-compressed format, headers of versions 0 to 6; all files of a split set in any
 * order, or some of them. A page that was filtered out is absent as `excluded`, one in a part that was not given
 * or whose data is damaged as `unreadable`.
 *
 * @throws KhoError `unreadable` for headers or bitmaps that are cut short or make no sense, `unsupported` for 32-bit and
 * big-endian machines, `usage` for parts that do not belong together.
 */
export function openKdump(sources: readonly KdumpSource[], codecs: Codecs = {}): Dump {
  const headers = sources.map(readKdumpHeader)
  const header = headers[0]
  if (header === undefined) throw new KhoError('usage', 'a dump of no files')
  const files = openFiles(sources, headers)
  const first = sources[0]!
  const { blockSize, maxPfn } = header
  const ram = openBitmap(first, header.ramBitmap, maxPfn)
  const { ranges, coarse } = bitmapRanges(first, header.ramBitmap, maxPfn, blockSize, MAX_RANGES)
  const pages = files.reduce((sum, { dumped, start, end }) => sum + dumped.rank(end) - dumped.rank(start), 0)
  const inputSize = sources.reduce((sum, source) => sum + source.size, 0)
  const notes: ElfNote[] = []
  const faults = readNotes(first, header.notes.offset, header.notes.size, notes)
  addExtents(first, header, notes, faults)
  const missing = missingParts(files, header)
  const dumped = files[0]!.dumped
  const filtered = ram.total - Math.min(ram.total, dumped.total)
  if (coarse) {
    const message = `RAM is in more than ${MAX_RANGES} pieces: the rest is listed as one`
    faults.push(fault('DUMP-RAM', message))
  }
  if (filtered > 0) faults.push(filteredFault(header, filtered, blockSize))
  faults.push(...missing, ...files.flatMap(truncatedFaults), ...codecFaults(headers, codecs))
  if (headers.some(({ status }) => (status & KDUMP_INCOMPLETE) !== 0)) {
    const message = 'makedumpfile marked this dump as incomplete (status 0x8): it ran out of space'
    faults.push(fault('DUMP-INCOMPLETE', message))
  }
  return {
    container: 'kdump',
    memory: kdumpMemory({ files, source: first, ram, ranges, blockSize, inputSize, pages }, codecs),
    notes,
    vmcoreinfo: readVmcoreinfo(first, notes),
    machine: header.machine === '' ? null : header.machine,
    elf: null,
    faults,
  }
}

/** One entry a file, sorted by the page frames that it has. Files with the same bitmap share its index. */
function openFiles(sources: readonly KdumpSource[], headers: readonly KdumpHeader[]): KdumpFile[] {
  checkSet(headers)
  const files: KdumpFile[] = []
  headers.forEach((header, i) => {
    const source = sources[i]!
    const { maxPfn, dumpedBitmap } = header
    const { start, end } = header.split ?? { start: 0, end: maxPfn }
    const twin = files.find(other =>
      sameBitmap(other.source, other.header.dumpedBitmap, source, dumpedBitmap, maxPfn),
    )
    const dumped = twin?.dumped ?? openBitmap(source, dumpedBitmap, maxPfn)
    files.push({ source, header, dumped, start, end, firstRank: dumped.rank(start) })
  })
  const sorted = files.sort((a, b) => a.start - b.start)
  sorted.forEach((file, i) => {
    const before = sorted[i - 1]
    if (before === undefined || file.start >= before.end) return
    const message = `two parts have the page frames from ${hex(file.start)} on: is one given twice?`
    throw new KhoError('usage', message)
  })
  return sorted
}

function checkSet(headers: readonly KdumpHeader[]): void {
  if (headers.length < 2) return
  headers.forEach((header, i) => {
    const which = i === 0 ? 'the image' : `part ${i}`
    if (header.split === null) {
      throw new KhoError('usage', `${which} is a whole dump, not a part of a split one`)
    }
    if (header.identity !== headers[0]!.identity) {
      throw new KhoError('usage', `part ${i} is of another dump: its header differs`)
    }
  })
}

/** VMCOREINFO and the list of what was erased have places of their own; here they are notes, as they are in ELF. */
function addExtents(source: ByteSource, header: KdumpHeader, notes: ElfNote[], faults: Fault[]): void {
  const { vmcoreinfo, eraseinfo } = header
  for (const [name, { offset, size }] of [
    ['VMCOREINFO', vmcoreinfo],
    ['ERASEINFO', eraseinfo],
  ] as const) {
    if (size === 0 || notes.some(note => note.name === name)) continue
    if (offset + size > source.size) {
      const message = `${name} at file offset ${hex(offset)} goes beyond the end of the file`
      faults.push(fault('DUMP-NOTE', message))
      continue
    }
    notes.push({ name, type: 0, offset, length: size })
  }
  if (notes.some(({ name }) => name === 'ERASEINFO')) {
    const message =
      'makedumpfile erased data from this dump: bytes of it may be fill (note ERASEINFO says which)'
    faults.push(fault('DUMP-ERASED', message))
  }
}

function filteredFault(header: KdumpHeader, pages: number, blockSize: number): Fault {
  const { dumpLevel } = header
  const kinds = LEVELS.filter(([bit]) => ((dumpLevel ?? 0) & bit) !== 0).map(([, kind]) => kind)
  const level = dumpLevel === null ? '' : ` at dump level ${dumpLevel}`
  const what = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`
  const message = `${pages} pages of RAM (${pages * blockSize} bytes) were excluded${level}${what}; preserved memory is often among them`
  return fault('DUMP-FILTERED', message, null, null, 'excluded')
}

/** The page frames that are in none of the files of a set. */
function missingParts(files: readonly KdumpFile[], header: KdumpHeader): Fault[] {
  if (header.split === null) return []
  const have = mergeRanges(files.map(({ start, end }) => ({ start, end })))
  const gaps: Range[] = []
  let at = 0
  for (const { start, end } of [...have, { start: header.maxPfn, end: header.maxPfn }]) {
    if (start > at) gaps.push({ start: at, end: start })
    at = Math.max(at, end)
  }
  const { dumped } = files[0]!
  return gaps
    .filter(gap => dumped.next(gap.start) < gap.end)
    .map(gap => {
      const pages = dumped.rank(gap.end) - dumped.rank(gap.start)
      const message = `the part with page frames ${hex(gap.start)} to ${hex(gap.end)} is missing: ${pages} pages of it were dumped; give it with --part`
      return fault('DUMP-PART', message, gap.start * header.blockSize, null, 'unreadable')
    })
}

/** Descriptors or data that the end of the file cut off, as far as the last descriptors tell. */
function truncatedFaults(file: KdumpFile): Fault[] {
  const { source, header, dumped } = file
  const count = dumped.rank(file.end) - file.firstRank
  const end = header.descriptors + count * PAGE_DESC_BYTES
  if (end > source.size) {
    const kept = Math.max(0, Math.floor((source.size - header.descriptors) / PAGE_DESC_BYTES))
    const message = `the file ends at ${hex(source.size)}, within the page descriptors: ${count - kept} of ${count} pages are not there`
    return [fault('DUMP-TRUNCATED', message, null, null, 'truncated')]
  }
  const start = Math.max(header.descriptors, end - LAST_DESCRIPTORS * PAGE_DESC_BYTES)
  const view = viewOf(descriptorSource(file).read(start, end - start))
  let lost = 0
  for (let at = 0; at + PAGE_DESC_BYTES <= view.byteLength; at += PAGE_DESC_BYTES) {
    const { offset, size } = parseDescriptor(view, at)
    if (offset + size > source.size) lost++
  }
  if (lost === 0) return []
  const message = `the file ends at ${hex(source.size)}, before the data of at least ${lost} pages`
  return [fault('DUMP-TRUNCATED', message, null, null, 'truncated')]
}

function codecFaults(headers: readonly KdumpHeader[], codecs: Codecs): Fault[] {
  const used = headers.reduce((all, { status }) => all | status, 0)
  const missing: string[] = []
  if ((used & KDUMP_ZLIB) !== 0 && codecs.zlib === undefined) missing.push('zlib')
  if ((used & KDUMP_ZSTD) !== 0 && codecs.zstd === undefined) missing.push('zstd')
  return missing.map(name =>
    fault('DUMP-CODEC', `no decompressor for ${name} was handed in: its pages are unreadable`),
  )
}
