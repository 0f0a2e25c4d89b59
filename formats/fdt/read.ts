import { KhoError } from '../error.js'
import { hex } from './bytes.js'
import { checkContents, checkSections } from './check-contents.js'
import type { ProblemList } from './errors.js'
import { createProblemList } from './errors.js'
import { checkHeaderWords, headerSize, readHeader } from './header.js'
import { readReservations } from './reservations.js'
import { readStructure } from './structure.js'
import type { FdtHeader, FdtProblem, FdtReading, FdtTree } from './types.js'

/**
 * Reads a blob of any version from 1 to 17 leniently: what was decoded before a break is kept, and each
 * problem says where and why. Never throws. Bytes behind totalsize are ignored.
 *
 * Names and texts are byte strings. Nothing is copied: values are views into `bytes`.
 */
export function readFdt(bytes: Uint8Array): FdtReading {
  const problems = createProblemList()
  const { header, tree } = read(bytes, problems, false)
  return { header, tree, problems: problems.list }
}

/** What a decoded blob has beside its nodes. */
export type FdtFrame = Pick<FdtTree, 'header' | 'reservations'>

/**
 * What {@link readFdt} says of a tree but for its nodes, of which only the first is looked at where the header says how long
 * they are; null where there is no root node.
 */
export function readFdtFrame(bytes: Uint8Array): FdtFrame | null {
  return read(bytes, createProblemList(), false, true).tree
}

/** How strict {@link parseFdt} is. */
export interface ParseOptions {
  /** `warnings`: refuse also what {@link checkFdt} only warns of. Default `errors`. */
  refuse?: 'errors' | 'warnings'
}

/**
 * Reads a blob strictly.
 *
 * @throws KhoError `bad-fdt` at the first problem, with its offset and cause
 */
export function parseFdt(bytes: Uint8Array, options: ParseOptions = {}): FdtTree {
  return parseStructure(bytes, options).tree
}

/** {@link parseFdt}, with the length of the structure block, which the header lacks before version 17. */
export function parseStructure(
  bytes: Uint8Array,
  options: ParseOptions = {},
): { tree: FdtTree; structureSize: number } {
  const all = options.refuse === 'warnings'
  const problems = createProblemList()
  const { tree, structureEnd } = read(bytes, problems, all)
  const first = problems.list.find(problem => all || problem.severity === 'error')
  if (first) throw refusal(first)
  // Without an error there is a root, so this is for the type only.
  if (!tree) throw new KhoError('bad-fdt', 'bad device tree: there is no root node', { offset: 0 })
  return { tree, structureSize: structureEnd - tree.header.offDtStruct }
}

function refusal(problem: FdtProblem): KhoError {
  const message = `bad device tree at offset ${hex(problem.offset)}: ${problem.message} (${problem.code})`
  return new KhoError('bad-fdt', message, { offset: problem.offset })
}

/**
 * All that is wrong with a blob: what {@link readFdt} lists, then blocks that overlap, names that break the
 * Devicetree Specification, names that occur twice, and texts that end with more than one NUL.
 */
export function checkFdt(bytes: Uint8Array): FdtProblem[] {
  const problems = createProblemList()
  read(bytes, problems, true)
  return problems.list
}

function read(
  bytes: Uint8Array,
  problems: ProblemList,
  contents: boolean,
  frame = false,
): { header: FdtHeader | null; tree: FdtTree | null; structureEnd: number } {
  const header = readHeader(bytes, problems)
  if (!header || !checkHeaderWords(header, bytes.length, problems))
    return { header, tree: null, structureEnd: 0 }
  const blob = bytes.subarray(0, header.totalsize)

  // The reserve map is listed first, but only the structure block knows where it ends before version 17.
  const structureProblems = createProblemList()
  const rootOnly = frame && header.sizeDtStruct !== null
  const structure = readStructure(blob, header, structureProblems, rootOnly)
  const structureSection = {
    name: 'structure block',
    start: header.offDtStruct,
    end: header.offDtStruct + (header.sizeDtStruct ?? Math.max(0, structure.end - header.offDtStruct)),
  }
  const strings = {
    name: 'strings block',
    start: header.offDtStrings,
    end: header.offDtStrings + header.sizeDtStrings,
  }
  const map = readReservations(blob, header.offMemRsvmap, [structureSection, strings], problems)
  for (const { severity, code, offset, message } of structureProblems.list) {
    problems[severity](code, offset, message)
  }
  const { root } = structure
  if (contents) {
    const start = header.offMemRsvmap
    const head = { name: 'header', start: 0, end: headerSize(header.version) }
    checkSections([head, { name: 'reserve map', start, end: map.end }, structureSection, strings], problems)
    if (root) checkContents(root, problems)
  }
  if (!root) return { header, tree: null, structureEnd: structure.end }
  return {
    header,
    structureEnd: structure.end,
    tree: { header, reservations: map.reservations, root, problems: problems.list },
  }
}
