import {
  checkCompatible,
  checkRawHeader,
  getProperty,
  type RawFdt,
  subnodeOffset,
} from '../../../formats/fdt/index.js'
import { SCRATCH_AREA_SIZE, SCRATCH_ENTRY } from '../../../formats/handoff/scratch.js'
import type { Layout, ReadingKernel } from '../../../formats/kernels/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { TABLE_ORDERS } from '../../../formats/trackers/page-table/index.js'
import { WORD } from '../../../formats/trackers/shared/read.js'
import { Halt, type ReaderMemory } from './memory.js'
import { rawFdt } from './raw-fdt.js'
import type { Reserved } from './reserved.js'

/** Something that the kernel said, or did without a word, on its way. */
export interface BootEvent {
  /** The rule that explains it. */
  rule: string
  message: string
  address: number | null
}

/** One thing that early boot does. */
export interface BootStep {
  function: string
  message: string
  address: number | null
}

/** Where a kernel is told that the scratch array is. */
export interface ScratchPlace {
  /** Null where only its length is known. */
  address: number | null
  length: number
  /** False before the jump: what lies at its address now is not the array yet. */
  inPlace: boolean
}

/** What a kernel is told at boot. */
export interface BootInput {
  kernel: ReadingKernel
  geometry: Geometry
  root: number
  /** Null where nothing says. */
  scratch: ScratchPlace | null
  /** `elfcorehdr=` is on its command line. */
  kdump?: boolean
  /** A copy of debugfs shows no map: it is taken to be sound. */
  mapHidden?: boolean
  /** What walks of the map came to that other kernels have done: many walk it alike. Nobody writes to it. */
  walks?: Map<string, Reserved> | undefined
}

/** What kho_populate() comes to. */
export interface Populated {
  /** Why the whole hand-over is refused; null where it is not. */
  refused: BootEvent | null
  /** Where the map begins, as it was read: one address, or one for each order. Null where none is, which was reported. */
  roots: number[] | null
  /** Errors that it reported and went on after. */
  events: BootEvent[]
}

/** What early_memremap() maps at once: NR_FIX_BTMAPS pages of 4 KiB, x86-64. */
const MOST_MAPPED = 64 * 4096

/** x86-64 keeps the first of these for firmware. */
const PAGE = 4096

/** kho_populate(), 6.16 to 7.3, and what stands for it in patch v5. @throws Halt where the kernel faults */
export function populate(memory: ReaderMemory, input: BootInput, steps: BootStep[]): Populated {
  const { kernel, root } = input
  const events: BootEvent[] = []
  const refuse = (rule: string, message: string, address: number | null = root): Populated => ({
    refused: { rule, message, address: address !== null && address < 2 ** 52 ? address : null },
    roots: null,
    events,
  })
  if (!memory.isRam(root)) {
    // early_memremap() maps any address; what is no RAM reads as no FDT.
    return refuse('ROOT-FDT-INVALID', `handover FDT (${hex(root)}) is invalid: -9 (the address is no RAM)`)
  }
  const fdt = mapped(memory, input)
  const error = checkRawHeader(fdt, { subBlockAlignment: kernel.reads.alignedBlocks })
  if (error < 0) {
    const why = WHY[-error] ?? 'libfdt refuses it'
    return refuse('ROOT-FDT-INVALID', `handover FDT (${hex(root)}) is invalid: ${error} (${why})`)
  }
  steps.push({ function: 'kho_populate', message: 'the header of the root FDT is sound', address: root })
  if (kernel.reads.checksCompatible) {
    const wanted = kernel.layout.compatible
    const answer = checkCompatible(fdt, 0, wanted)
    if (answer !== 0) {
      const message = `handover FDT (${hex(root)}) is incompatible with '${wanted}': ${answer}`
      return refuse('ROOT-COMPATIBLE', message)
    }
    steps.push({
      function: 'kho_populate',
      message: `the root FDT is compatible with '${wanted}'`,
      address: root,
    })
  }
  const roots = mapPointers(memory, kernel, fdt)
  const map = roots?.find(root => root !== 0) ?? 0
  if (roots !== null && map === 0 && kernel.reads.mapChecked === 'populate') {
    return refuse('ROOT-MAP-ZERO', 'the map pointer is 0')
  }
  if (roots === null && kernel.reads.mapChecked === 'populate') {
    return refuse('ROOT-MAP-PROPERTY', 'failed to get preserved memory map')
  }
  if (roots !== null) {
    steps.push({
      function: 'kho_populate',
      message: `the map begins at ${hex(map < 0 ? BigInt.asUintN(64, BigInt(map)) : map)}`,
      address: map >= 0 && map < 2 ** 52 ? map : null,
    })
  }
  const scratch = takeScratch(memory, input, steps)
  if (scratch !== null) {
    if (kernel.reads.emptyScratch === 'rejected')
      return refuse(scratch.rule, scratch.message, scratch.address)
    events.push(scratch)
  }
  return { refused: null, roots, events }
}

const WHY: Record<number, string> = {
  8: 'a size or an offset leads out of the blob',
  9: 'there is another magic number',
  10: 'of a version that libfdt does not read',
  19: 'the address, or a block, is not aligned',
}

/** The root FDT as early_memremap() has it: as many pages as its length has, and a fault behind them. */
function mapped(memory: ReaderMemory, { kernel, geometry, root }: BootInput): RawFdt {
  const fdt = rawFdt(memory, root)
  // Early series handed over a length of their own, which no image shows.
  if (!kernel.layout.fdtPreserved) return fdt
  const { pageSize } = geometry
  const room = Math.ceil(((root % pageSize) + pageSize) / pageSize) * pageSize - (root % pageSize)
  const inside = (offset: number) => {
    if (offset < room) return
    const message = `access past the ${hex(room)} bytes that early_memremap() mapped of the root FDT`
    throw new Halt({ kind: 'oops', message, address: root })
  }
  return {
    address: root,
    byte(offset) {
      inside(offset)
      return fdt.byte(offset)
    },
    word(offset) {
      inside(offset + 3)
      return fdt.word(offset)
    },
  }
}

/** The map pointers where a kernel looks for them; null where there are none, or the length is not one it takes. */
function mapPointers(memory: ReaderMemory, { layout }: ReadingKernel, fdt: RawFdt): number[] | null {
  const node = layout.map.node === null ? 0 : subnodeOffset(fdt, 0, layout.map.node)
  const property = node < 0 ? node : getProperty(fdt, node, layout.map.property)
  if (typeof property === 'number') return null
  const { perOrder } = layout.map as Layout['map']
  if (perOrder ? property.length % WORD !== 0 : property.length !== WORD) return null
  // kho_mem_deserialize() of the tables: min(len / 8, NR_PAGE_ORDERS)
  const count = Math.min(property.length / WORD, TABLE_ORDERS)
  const start = fdt.address + property.offset
  return Array.from({ length: count }, (_, order) => memory.u64(start + order * WORD))
}

/** PHYS_ADDR_MAX. */
const LAST_ADDRESS = 2n ** 64n - 1n

/** The array of scratch areas: each becomes memory that early boot allocates from, whatever was there. */
function takeScratch(
  memory: ReaderMemory,
  { scratch, geometry, kernel }: BootInput,
  steps: BootStep[],
): BootEvent | null {
  if (scratch === null) return null
  const { address, length, inPlace } = scratch
  if (length === 0 || length > MOST_MAPPED) {
    const message = `failed to memremap scratch: its length is ${length}`
    return { rule: 'SCRATCH-EMPTY', message, address: null }
  }
  if (address === null || !inPlace) return null
  const count = Math.floor(length / SCRATCH_ENTRY)
  if (!memory.isRam(address)) {
    const message = `the scratch array ${hex(address)} is no RAM: what is read there are no areas`
    throw new Halt({ kind: 'oops', message, address })
  }
  const view = viewOf(memory.read(address, count * SCRATCH_ENTRY))
  let bytes = 0
  for (let n = 0; n < count; n++) {
    const start = u64(view, n * SCRATCH_ENTRY)
    const size = u64(view, n * SCRATCH_ENTRY + SCRATCH_AREA_SIZE)
    // memblock_cap_size() leaves nothing of an area that begins with the last byte there can be.
    if (size === 0 || view.getBigUint64(n * SCRATCH_ENTRY, true) === LAST_ADDRESS) continue
    bytes += size
    if (!memory.isRam(start) || !memory.isRam(start + size - 1)) {
      const message = `scratch area ${n} (${hex(start)}, ${hex(size)} bytes) is no RAM, and early boot allocates from it`
      throw new Halt({ kind: 'oops', message, address: start })
    }
    memory.overwrite({ start, end: start + size })
    // Memory regions end there: e820__memblock_setup() trims each to whole pages, memblock_trim_memory() (x86, 6.16 to 7.3).
    for (const edge of [start, start + size]) if (edge % geometry.pageSize !== 0) memory.unmap(edge)
    if (start > 0 && start < PAGE && !kernel.reads.takesPageZero) {
      const message = `scratch area ${n} (${hex(start)}, ${hex(size)} bytes) begins inside page 0, which is in no zone: its pageblock is marked all the same`
      throw new Halt({ kind: 'oops', message, address: start })
    }
    if (start % geometry.pageSize !== 0 && !kernel.reads.takesUnalignedScratch) {
      const message = `scratch area ${n} begins at ${hex(start)}, inside a page: the kernel's own tree comes to lie in it, is refused, and the area is freed while it is in use`
      throw new Halt({ kind: 'oops', message, address: start })
    }
    steps.push({
      function: 'kho_populate',
      message: `scratch area ${n}: ${hex(start)}-${hex(start + size)}`,
      address: start,
    })
  }
  if (count > 0 && bytes === 0) {
    const message = `none of the ${count} scratch areas has any memory: early boot has nothing to allocate from`
    throw new Halt({ kind: 'oops', message, address })
  }
  return null
}
