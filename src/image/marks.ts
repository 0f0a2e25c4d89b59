import { SETUP_DATA_MARK } from '../../formats/handoff/setup-data.js'
import type { MemoryPass, PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { findBytes } from '../../formats/memory/search.js'
import { wordsOf } from '../../formats/pages/words.js'

/** What is looked for in all of memory: the magic number of an FDT at the beginning of a page, or a setup_data record of KHO. */
export type MarkKind = 'fdt' | 'setup-data'

/** Called now and then during a pass over the whole image. */
export type Progress = (done: number, total: number) => void

/** Calls for the address of each mark of some kinds, each kind's in the order of a pass over memory. */
export type Search = (
  kinds: readonly MarkKind[],
  visit: (address: number, kind: MarkKind) => void,
  progress?: Progress,
) => void

/** Where a pass began and where it ended, for who puts two together; -1 where nothing can go on. */
export interface PassEdges {
  first: number
  end: number
}

const PAGE = 4096
const HEADS_PER_PROGRESS = 4096

/** A search of a memory in one pass, whatever is looked for. */
export function searchOf(memory: PhysicalMemory): Search {
  return (kinds, visit, progress) => {
    const heads = memory.pageHeads
    const pass: MemoryPass = {
      blocks: () => memory.blocks('written'),
      ...(heads === undefined ? {} : { pageHeads: each => heads(each) }),
    }
    let done = 0
    let total: number | null = null
    eachMarkOf(kinds, pass, visit, bytes => {
      done += bytes
      total ??= totalOf(memory)
      progress?.(done, total)
    })
  }
}

/** Bytes that a pass over memory gives, about. */
export function totalOf(memory: PhysicalMemory): number {
  return memory.writtenBytes?.() ?? memory.presentBytes ?? memory.inputSize
}

/** Calls for every mark that one pass, or a part of one, has. `passed` is told of what was looked at. */
export function eachMark(
  kind: MarkKind,
  pass: MemoryPass,
  visit: (address: number) => void,
  passed: (bytes: number) => void = () => {},
): PassEdges {
  return eachMarkOf([kind], pass, visit, passed)[0]!
}

/** The same for several kinds in one pass: where it began and ended for each. */
function eachMarkOf(
  kinds: readonly MarkKind[],
  pass: MemoryPass,
  visit: (address: number, kind: MarkKind) => void,
  passed: (bytes: number) => void,
): PassEdges[] {
  if (pass.pageHeads !== undefined && kinds.every(kind => kind === 'fdt')) {
    eachHead(pass.pageHeads, address => visit(address, 'fdt'), passed)
    return kinds.map(() => NO_EDGES)
  }
  const looks = kinds.map(kind => LOOKS[kind](address => visit(address, kind)))
  for (const { phys, bytes } of pass.blocks()) {
    for (const look of looks) look.at(phys, bytes)
    passed(bytes.length)
  }
  return looks.map(look => look.edges())
}

/** What is done with one block after the other. */
interface Look {
  at(phys: number, bytes: Uint8Array): void
  edges(): PassEdges
}

const NO_EDGES: PassEdges = { first: -1, end: -1 }

/** Calls for the marks that lie where one pass ends and the next goes on. */
export function eachMarkBetween(
  kind: MarkKind,
  memory: PhysicalMemory,
  before: PassEdges,
  { first }: PassEdges,
  visit: (address: number) => void,
): void {
  if (kind !== 'setup-data' || first < 0 || first !== before.end) return
  const seam = memory.read(first - REACH, REACH * 2)
  if (seam.ok) visitSeam(seam.bytes, first, visit)
}

/** First byte of an FDT's magic number: looked at before anything else of a page. */
const FIRST_BYTE = 0xd0

function isMagic(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === FIRST_BYTE && bytes[at + 1] === 0x0d && bytes[at + 2] === 0xfe && bytes[at + 3] === 0xed
  )
}

function pageLook(visit: (address: number) => void): Look {
  return {
    at(phys, bytes) {
      const first = (PAGE - (phys % PAGE)) % PAGE
      for (let at = first; at + 4 <= bytes.length; at += PAGE) {
        if (bytes[at] === FIRST_BYTE && isMagic(bytes, at)) visit(phys + at)
      }
    },
    edges: () => NO_EDGES,
  }
}

function eachHead(
  pageHeads: NonNullable<MemoryPass['pageHeads']>,
  visit: (address: number) => void,
  passed: (bytes: number) => void,
): void {
  let pages = 0
  pageHeads((phys, head) => {
    if (isMagic(head, 0)) visit(phys)
    if (++pages % HEADS_PER_PROGRESS === 0) passed(HEADS_PER_PROGRESS * PAGE)
  })
}

const [TYPE_WORD, LENGTH_WORD] = wordsOf(SETUP_DATA_MARK) as unknown as [number, number]

/** The mark of a record { next, type, len }: its type and length. */
const TYPE_OFFSET = 8
const REACH = SETUP_DATA_MARK.length - 1

/** Records whose { type, len } is in one block, or in two that go on one another. */
function recordLook(visit: (address: number) => void): Look {
  const seam = new Uint8Array(REACH * 2)
  let first: number | null = null
  let before = -1
  return {
    at(phys, bytes) {
      const long = bytes.length >= REACH
      if (long && phys === before) {
        seam.set(bytes.subarray(0, REACH), REACH)
        visitSeam(seam, phys, visit)
      }
      visitWords(phys, bytes, visit)
      before = long ? phys + bytes.length : -1
      first ??= long ? phys : -1
      if (long) seam.set(bytes.subarray(bytes.length - REACH))
    },
    edges: () => ({ first: first ?? -1, end: before }),
  }
}

const LOOKS: Record<MarkKind, (visit: (address: number) => void) => Look> = {
  fdt: pageLook,
  'setup-data': recordLook,
}

/**
 * Addresses of { type, len } in a block. Records lie at multiples of 8 (bzImage64_load(), setup_boot_parameters(),
 * arch/x86/kernel/kexec-bzimage64.c, 7.2), but for one behind a device tree of an odd length, which x86 hands on with
 * `force_dtb` alone and which is not looked for; so words are looked at, four times as fast as bytes.
 */
function visitWords(phys: number, bytes: Uint8Array, visit: (address: number) => void): void {
  const skipped = (4 - (phys % 4)) % 4
  const words = wordsOf(bytes.subarray(skipped))
  for (let at = words.indexOf(TYPE_WORD); at >= 0; at = words.indexOf(TYPE_WORD, at + 1)) {
    if (words[at + 1] === LENGTH_WORD) visit(phys + skipped + at * 4 - TYPE_OFFSET)
  }
}

/** The same around an address at which blocks meet: a mark that two neighbours share is in neither. */
function visitSeam(bytes: Uint8Array, middle: number, visit: (address: number) => void): void {
  const at = findBytes(bytes, SETUP_DATA_MARK)
  const address = middle - REACH + at
  if (at >= 0 && address % 4 === 0) visit(address - TYPE_OFFSET)
}
