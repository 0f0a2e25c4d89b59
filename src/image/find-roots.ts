import { type FdtTree, findProperty, readFdt, stringList, totalSize } from '../../formats/fdt/index.js'
import { readChosen } from '../../formats/handoff/chosen.js'
import { type Handover, readSetupData, SETUP_DATA_MARK } from '../../formats/handoff/setup-data.js'
import { terminatedString } from '../../formats/layout/index.js'
import type { Block, PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { asciiBytes, findBytes } from '../../formats/memory/search.js'
import { wordsOf } from '../../formats/pages/words.js'

/** A page that holds a root FDT by its looks. */
export interface FoundRoot {
  address: number
  fdt: FdtTree
  compatible: string
}

/** A record that names a root, and where it was. */
export interface FoundHandover extends Handover {
  kind: 'setup-data' | 'chosen'
}

/** What a pass over the memory turned up. */
export interface FoundRoots {
  roots: FoundRoot[]
  handovers: FoundHandover[]
}

/** Called now and then during a pass over the whole image. */
export type Progress = (done: number, total: number) => void

const PAGE = 4096
const FDT_HEADER = 40
const HEADS_PER_PROGRESS = 4096
/** Root FDTs are one page since 6.16, up to 10 MiB before; device trees of machines are a few hundred KiB. */
const LARGEST_FDT = 16 * 2 ** 20
const KHO_HINTS = ['kho-v', 'linux-kho,v', 'linux,kho-fdt'].map(asciiBytes)

/** The root at an address, or null where the bytes there are no FDT whose root is compatible with any KHO. */
export function readRoot(memory: PhysicalMemory, address: number): FoundRoot | null {
  const tree = readTree(memory, address)
  const compatible = tree && khoCompatible(tree)
  return compatible ? { address, fdt: tree, compatible } : null
}

/** The FDT at an address, as far as it decodes; null where there is none. */
export function readTree(memory: PhysicalMemory, address: number): FdtTree | null {
  const bytes = fdtBytes(memory, address)
  return bytes && readFdt(bytes).tree
}

/** The element of the root's `compatible` that names a KHO version, null where there is none. */
function khoCompatible(tree: FdtTree): string | null {
  const property = findProperty(tree.root, 'compatible')
  if (!property) return null
  const list = stringList(property) ?? [terminatedString(property.value)]
  return list.find(name => name.startsWith('kho-v') || name.startsWith('linux-kho,v')) ?? null
}

/**
 * The bytes of the FDT whose header is at `address`: all that it says it has, or, where that is more than the dump has
 * or than any FDT, its first page, which is all there is of a root since 6.16. Null where there is none.
 */
export function fdtBytes(memory: PhysicalMemory, address: number): Uint8Array | null {
  const header = memory.read(address, FDT_HEADER)
  if (!header.ok) return null
  const size = totalSize(header.bytes)
  if (size === null || size < FDT_HEADER) return null
  const whole = size > LARGEST_FDT ? null : memory.read(address, size)
  const read = whole?.ok ? whole : memory.read(address, PAGE - (address % PAGE))
  return read.ok ? read.bytes : null
}

/**
 * One pass over the memory at page stride for FDTs, and, where a root was found, one for the x86 setup_data records
 * that name it (they lie at any word of a page). Work on what looks like an FDT is bounded by the image's size.
 */
export function findRoots(memory: PhysicalMemory, progress?: Progress): FoundRoots {
  const found: FoundRoots = { roots: [], handovers: [] }
  let budget = memory.inputSize * 2 + 2 ** 24
  eachPage(memory, progress, (bytes, at, address) => {
    if (bytes[at] !== 0xd0 || bytes[at + 1] !== 0x0d || bytes[at + 2] !== 0xfe || bytes[at + 3] !== 0xed)
      return
    const fdt = fdtBytes(memory, address)
    if (fdt === null || budget < 0) return
    budget -= fdt.length
    classify(found, fdt, address)
  })
  if (found.roots.length > 0) findSetupData(memory, found, progress)
  return found
}

function classify(found: FoundRoots, bytes: Uint8Array, address: number): void {
  if (!KHO_HINTS.some(hint => findBytes(bytes, hint) >= 0)) return
  const { tree } = readFdt(bytes)
  if (tree === null) return
  const compatible = khoCompatible(tree)
  if (compatible !== null) {
    found.roots.push({ address, fdt: tree, compatible })
    return
  }
  const handover = readChosen(tree, address)
  if (handover !== null) found.handovers.push({ ...handover, kind: 'chosen' })
}

function findSetupData(memory: PhysicalMemory, found: FoundRoots, progress?: Progress): void {
  const roots = new Set(found.roots.map(root => root.address))
  const seen = new Set<number>()
  const accept = (address: number) => {
    if (address < 0 || seen.has(address)) return
    const record = readSetupData(memory, address)
    if (record === null || !roots.has(record.fdtAddress)) return
    seen.add(address)
    found.handovers.push({ ...record, kind: 'setup-data' })
  }
  const border = createBorder(accept)
  eachBlock(memory, progress, ({ phys, bytes }) => {
    border(phys, bytes)
    eachMark(phys, bytes, at => accept(at - 8))
  })
}

const [TYPE_WORD, LENGTH_WORD] = wordsOf(SETUP_DATA_MARK) as unknown as [number, number]

/**
 * Addresses of { type, len } in a block. Records lie at multiples of 8 (bzImage64_load(), setup_boot_parameters(),
 * arch/x86/kernel/kexec-bzimage64.c, 7.2), but for one behind a device tree of an odd length, which x86 hands on with
 * `force_dtb` alone and which is not looked for; so words are looked at, four times as fast as bytes.
 */
function eachMark(phys: number, bytes: Uint8Array, visit: (address: number) => void): void {
  const skipped = (4 - (phys % 4)) % 4
  const words = wordsOf(bytes.subarray(skipped))
  for (let at = words.indexOf(TYPE_WORD); at >= 0; at = words.indexOf(TYPE_WORD, at + 1)) {
    if (words[at + 1] === LENGTH_WORD) visit(phys + skipped + at * 4)
  }
}

/** Looks at where blocks meet: a mark that two neighbours share is in neither. */
function createBorder(accept: (address: number) => void): (phys: number, bytes: Uint8Array) => void {
  const reach = SETUP_DATA_MARK.length - 1
  const seam = new Uint8Array(reach * 2)
  let before = -1
  return (phys, bytes) => {
    if (phys === before && bytes.length >= reach) {
      seam.set(bytes.subarray(0, reach), reach)
      const at = findBytes(seam, SETUP_DATA_MARK)
      if (at >= 0) accept(phys - reach + at - 8)
    }
    before = bytes.length < reach ? -1 : phys + bytes.length
    if (before >= 0) seam.set(bytes.subarray(bytes.length - reach))
  }
}

/** First byte of an FDT's magic number: looked at before anything is called for a page. */
const FIRST_BYTE = 0xd0

/** Every page that begins in the image as an FDT may: at least four bytes from `at` on. */
function eachPage(
  memory: PhysicalMemory,
  progress: Progress | undefined,
  visit: (bytes: Uint8Array, at: number, address: number) => void,
): void {
  if (memory.pageHeads === undefined) {
    eachBlock(memory, progress, ({ phys, bytes }) => {
      const first = (PAGE - (phys % PAGE)) % PAGE
      for (let at = first; at + 4 <= bytes.length; at += PAGE) {
        if (bytes[at] === FIRST_BYTE) visit(bytes, at, phys + at)
      }
    })
    return
  }
  let pages = 0
  memory.pageHeads((phys, head) => {
    visit(head, 0, phys)
    if (++pages % HEADS_PER_PROGRESS === 0) progress?.(pages * PAGE, memory.presentBytes ?? memory.inputSize)
  })
}

function eachBlock(
  memory: PhysicalMemory,
  progress: Progress | undefined,
  visit: (block: Block) => void,
): void {
  let done = 0
  let total: number | null = null
  for (const block of memory.blocks('written')) {
    visit(block)
    done += block.bytes.length
    total ??= memory.writtenBytes?.() ?? memory.presentBytes ?? memory.inputSize
    progress?.(done, total)
  }
}
