import { type FdtTree, findProperty, readFdt, stringList, totalSize } from '../../formats/fdt/index.js'
import { readChosen } from '../../formats/handoff/chosen.js'
import { type Handover, readSetupData } from '../../formats/handoff/setup-data.js'
import { terminatedString } from '../../formats/layout/index.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { asciiBytes, findBytes } from '../../formats/memory/search.js'
import { type Progress, type Search, searchOf, totalOf } from './marks.js'
import type { KhoImage } from './open.js'

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

const PAGE = 4096
const FDT_HEADER = 40
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

/** How an image is passed over: by its threads, but for who puts another memory into it. */
export function imageSearch({ memory, search }: KhoImage): Search {
  return search?.memory === memory ? search.run : searchOf(memory)
}

/** So little is looked through for records, too, before it is known whether there is a root: a pass is more than a look. */
const LITTLE = 2 ** 26
/** Records that are kept until then. */
const MOST_STAGED = 2 ** 16

/**
 * One pass over the memory at page stride for FDTs, and, where a root was found, one for the x86 setup_data records
 * that name it (they lie at any word of a page); one for both where there is little to look through. Work on what looks like
 * an FDT is bounded by the image's size. `search` is how memory is passed over, where that is not by a pass of one's own.
 */
export function findRoots(
  memory: PhysicalMemory,
  progress?: Progress,
  search: Search = searchOf(memory),
): FoundRoots {
  const found: FoundRoots = { roots: [], handovers: [] }
  const staged: number[] = []
  let budget = memory.inputSize * 2 + 2 ** 24
  const look = (address: number) => {
    const fdt = fdtBytes(memory, address)
    if (fdt === null || budget < 0) return
    budget -= fdt.length
    classify(found, fdt, address)
  }
  const together = totalOf(memory) <= LITTLE && memory.pageHeads === undefined
  search(
    together ? ['fdt', 'setup-data'] : ['fdt'],
    (address, kind) => {
      if (kind === 'fdt') look(address)
      else if (staged.length <= MOST_STAGED) staged.push(address)
    },
    progress,
  )
  if (found.roots.length === 0) return found
  const accept = setupDataTaker(memory, found)
  if (together && staged.length <= MOST_STAGED) staged.forEach(accept)
  else search(['setup-data'], accept, progress)
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

/** Takes records that name a root, each once. */
function setupDataTaker(memory: PhysicalMemory, found: FoundRoots): (address: number) => void {
  const roots = new Set(found.roots.map(root => root.address))
  const seen = new Set<number>()
  return address => {
    if (address < 0 || seen.has(address)) return
    const record = readSetupData(memory, address)
    if (record === null || !roots.has(record.fdtAddress)) return
    seen.add(address)
    found.handovers.push({ ...record, kind: 'setup-data' })
  }
}
