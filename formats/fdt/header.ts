import { hex, viewOf } from './bytes.js'
import type { ProblemList } from './errors.js'
import type { FdtHeader, FdtProblem } from './types.js'

/** The first word of every blob, big-endian as all of its words. */
export const FDT_MAGIC = 0xd00dfeed

/** What libfdt's sequential writer has in its place until it finishes: the complement (libfdt_internal.h). */
const FDT_SW_MAGIC = 0x2ff20112

/** The version that is written, and the newest whose rules are known. */
export const FDT_VERSION = 17

const INT_MAX = 0x7fffffff

/** Offsets of the header's words (libfdt/fdt.h of dtc 1.8.1). */
export const HEADER = {
  magic: 0x00,
  totalsize: 0x04,
  offDtStruct: 0x08,
  offDtStrings: 0x0c,
  offMemRsvmap: 0x10,
  version: 0x14,
  lastCompVersion: 0x18,
  bootCpuidPhys: 0x1c,
  sizeDtStrings: 0x20,
  sizeDtStruct: 0x24,
} as const

/** The header's length by version: words were added in versions 2, 3 and 17. */
export function headerSize(version: number): number {
  if (version <= 1) return 0x1c
  if (version <= 2) return 0x20
  return version < 17 ? 0x24 : 0x28
}

/** Bytes that a blob says it has, from its first eight; null where they do not begin one. */
export function totalSize(bytes: Uint8Array): number | null {
  if (bytes.length < HEADER.totalsize + 4) return null
  const view = viewOf(bytes)
  return view.getUint32(HEADER.magic) === FDT_MAGIC ? view.getUint32(HEADER.totalsize) : null
}

/** The header, or null with the reason in `problems`: too few bytes, or another magic. */
export function readHeader(bytes: Uint8Array, problems: ProblemList): FdtHeader | null {
  const { length } = bytes
  const view = viewOf(bytes)
  if (length < 4) {
    problems.error('TRUNCATED', length, `${length} bytes are too few for the magic`)
    return null
  }
  const magic = view.getUint32(HEADER.magic)
  if (magic !== FDT_MAGIC) {
    problems.error('BADMAGIC', HEADER.magic, `the magic is ${hex(magic)}, not ${hex(FDT_MAGIC)}${kin(magic)}`)
    return null
  }
  const needed = length < 0x1c ? 0x1c : headerSize(view.getUint32(HEADER.version))
  if (length < needed) {
    problems.error('TRUNCATED', length, `${length} bytes are too few for a header of ${needed}`)
    return null
  }
  const version = view.getUint32(HEADER.version)
  const totalsize = view.getUint32(HEADER.totalsize)
  const offDtStrings = view.getUint32(HEADER.offDtStrings)
  return {
    totalsize,
    offDtStruct: view.getUint32(HEADER.offDtStruct),
    offDtStrings,
    offMemRsvmap: view.getUint32(HEADER.offMemRsvmap),
    version,
    lastCompVersion: view.getUint32(HEADER.lastCompVersion),
    bootCpuidPhys: version >= 2 ? view.getUint32(HEADER.bootCpuidPhys) : 0,
    sizeDtStrings:
      version >= 3 ? view.getUint32(HEADER.sizeDtStrings) : Math.max(0, totalsize - offDtStrings),
    sizeDtStruct: version >= 17 ? view.getUint32(HEADER.sizeDtStruct) : null,
  }
}

function kin(magic: number): string {
  if (magic === FDT_SW_MAGIC) return ': an unfinished blob of libfdt’s sequential writer'
  return magic === 0xedfe0dd0 ? ': a device tree with its bytes swapped' : ''
}

/** Lists all that is wrong with the header itself. Returns false where the blocks cannot be read by it. */
export function checkHeaderWords(header: FdtHeader, length: number, problems: ProblemList): boolean {
  const { version, lastCompVersion, totalsize } = header
  const size = headerSize(version)
  if (version === 0) problems.error('BADVERSION', HEADER.version, 'version 0 does not exist')
  if (lastCompVersion > FDT_VERSION) {
    problems.error(
      'BADVERSION',
      HEADER.lastCompVersion,
      `it needs a reader of version ${lastCompVersion}, and ${FDT_VERSION} is the last that is known`,
    )
  } else if (lastCompVersion > version) {
    const message = `last_comp_version ${lastCompVersion} is above version ${version}`
    problems.error('BADVERSION', HEADER.lastCompVersion, message)
  } else if (version > FDT_VERSION) {
    problems.warning('NEWER-VERSION', HEADER.version, `version ${version} is read as ${FDT_VERSION}`)
  }
  if (totalsize < size) {
    const message = `totalsize ${hex(totalsize)} is less than the header’s ${hex(size)} bytes`
    problems.error('TRUNCATED', HEADER.totalsize, message)
  } else if (totalsize > INT_MAX) {
    problems.error('TRUNCATED', HEADER.totalsize, `totalsize ${hex(totalsize)} is above ${hex(INT_MAX)}`)
  } else if (totalsize > length) {
    const message = `totalsize ${hex(totalsize)} is more than the ${hex(length)} bytes that are there`
    problems.error('TRUNCATED', HEADER.totalsize, message)
  }
  checkBlock(header, 'mem_rsvmap', HEADER.offMemRsvmap, header.offMemRsvmap, 8, null, problems)
  checkBlock(header, 'dt_struct', HEADER.offDtStruct, header.offDtStruct, 4, header.sizeDtStruct, problems)
  const stringsSize = version >= 3 ? header.sizeDtStrings : null
  checkBlock(header, 'dt_strings', HEADER.offDtStrings, header.offDtStrings, 1, stringsSize, problems)
  return version > 0 && lastCompVersion <= FDT_VERSION
}

function checkBlock(
  header: FdtHeader,
  name: string,
  at: number,
  start: number,
  alignment: number,
  size: number | null,
  problems: ProblemList,
): void {
  if (start % alignment !== 0) {
    problems.error('ALIGNMENT', at, `off_${name} ${hex(start)} is no multiple of ${alignment}`)
  }
  if (start < headerSize(header.version)) {
    problems.error('TRUNCATED', at, `off_${name} ${hex(start)} lies in the header`)
  } else if (start > header.totalsize) {
    const message = `off_${name} ${hex(start)} lies behind totalsize ${hex(header.totalsize)}`
    problems.error('TRUNCATED', at, message)
  } else if (size !== null && start + size > header.totalsize) {
    const sizeAt = name === 'dt_struct' ? HEADER.sizeDtStruct : HEADER.sizeDtStrings
    const message = `size_${name} ${hex(size)} from ${hex(start)} ends behind totalsize ${hex(header.totalsize)}`
    problems.error('TRUNCATED', sizeAt, message)
  }
}

/** Which libfdt to answer for. */
export interface HeaderCheckOptions {
  /** Refuse a reserve map that is not 8-aligned and a structure block that is not 4-aligned: default true. */
  subBlockAlignment?: boolean
}

/**
 * What libfdt's `fdt_check_header` answers for a blob at an 8-byte aligned address: null where it accepts,
 * else the one problem that it stops at, in its order of checks. {@link libfdtErrorNumber} gives its number.
 * It accepts versions 2 and later only, and does not look at the number of bytes that are there: fewer than
 * its checks read are answered with `TRUNCATED`. Follows libfdt/fdt.c of dtc 1.8.1; the check of the blocks'
 * alignment came with 1.8.0, so older kernels are asked about with `subBlockAlignment: false`.
 */
export function checkFdtHeader(bytes: Uint8Array, options: HeaderCheckOptions = {}): FdtProblem | null {
  const refuse = (code: FdtProblem['code'], offset: number, message: string): FdtProblem => {
    return { code, offset, message, severity: 'error' }
  }
  const view = viewOf(bytes)
  const word = (offset: number) => view.getUint32(offset)
  if (bytes.length < 4) return refuse('TRUNCATED', bytes.length, 'too few bytes for the magic')
  if (word(0) !== FDT_MAGIC) {
    return refuse('BADMAGIC', 0, `the magic is ${hex(word(0))}, not ${hex(FDT_MAGIC)}${kin(word(0))}`)
  }
  // libfdt reads size_dt_strings whatever the version.
  const needed = bytes.length < 0x1c ? 0x1c : Math.max(0x24, headerSize(word(HEADER.version)))
  if (bytes.length < needed)
    return refuse('TRUNCATED', bytes.length, `too few bytes for a header of ${needed}`)
  const version = word(HEADER.version)
  const lastComp = word(HEADER.lastCompVersion)
  if (version < 2) return refuse('BADVERSION', HEADER.version, `libfdt does not read version ${version}`)
  if (lastComp > FDT_VERSION || version < lastComp) {
    const message = `last_comp_version ${lastComp} is above ${lastComp > FDT_VERSION ? FDT_VERSION : version}`
    return refuse('BADVERSION', HEADER.lastCompVersion, message)
  }
  const size = headerSize(version)
  const total = word(HEADER.totalsize)
  if (total < size || total > INT_MAX) {
    const message = `totalsize ${hex(total)} is not from ${hex(size)} to ${hex(INT_MAX)}`
    return refuse('TRUNCATED', HEADER.totalsize, message)
  }
  const map = word(HEADER.offMemRsvmap)
  const structure = word(HEADER.offDtStruct)
  const strings = word(HEADER.offDtStrings)
  if (options.subBlockAlignment !== false) {
    if (map % 8)
      return refuse('ALIGNMENT', HEADER.offMemRsvmap, `off_mem_rsvmap ${hex(map)} is not 8-aligned`)
    if (structure % 4) {
      return refuse('ALIGNMENT', HEADER.offDtStruct, `off_dt_struct ${hex(structure)} is not 4-aligned`)
    }
  }
  const outside = (start: number, length: number) => start < size || start + length > total
  if (outside(map, 0)) {
    return refuse('TRUNCATED', HEADER.offMemRsvmap, `off_mem_rsvmap ${hex(map)} is outside the blob`)
  }
  const structureSize = version < 17 ? 0 : word(HEADER.sizeDtStruct)
  if (outside(structure, structureSize)) {
    const message = `the structure block at ${hex(structure)}, ${hex(structureSize)} bytes, is outside the blob`
    return refuse('TRUNCATED', HEADER.offDtStruct, message)
  }
  const stringsSize = word(HEADER.sizeDtStrings)
  if (outside(strings, stringsSize)) {
    const message = `the strings block at ${hex(strings)}, ${hex(stringsSize)} bytes, is outside the blob`
    return refuse('TRUNCATED', HEADER.offDtStrings, message)
  }
  return null
}
