import {
  checkFdtHeader,
  type FdtNode,
  type FdtTree,
  findChild,
  findProperty,
  libfdtErrorNumber,
  nativeU64,
  readFdt,
  stringList,
} from '../../formats/fdt/index.js'
import { type ReadingKernel, trackerOptions } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import { viewOf } from '../../formats/memory/u64.js'
import { radixShape } from '../../formats/trackers/radix-tree/index.js'
import { readChunks } from './read-chunks.js'
import { readRadix } from './read-radix.js'
import type { ReaderMemory } from './reader-memory.js'
import { createReserved, markerAt, type Reserved } from './reserved.js'

/** Something that the kernel said, or did without a word, on its way. */
export interface BootEvent {
  /** The rule that explains it. */
  rule: string
  message: string
  address: number | null
}

/** How far a reading kernel came through early boot. */
export interface EarlyBoot {
  end: 'done' | 'rejected' | 'oops' | 'loop' | 'unknown'
  /** What ended it early; null where it came through. */
  cause: BootEvent | null
  /** Errors that it reported and went on after. */
  events: BootEvent[]
  /** What it reserved; null where it never came to that. */
  reserved: Reserved | null
  /** What was taken for granted, in words. */
  assumptions: string[]
}

/** What a kernel is told at boot. */
export interface BootInput {
  reader: ReadingKernel
  geometry: Geometry
  root: number
  /** The scratch array's length in bytes, where it is known. */
  scratchLength: number | null
}

const LARGEST_FDT = 16 * 2 ** 20
/** What early_memremap() maps at once: NR_FIX_BTMAPS pages of 4 KiB, x86-64. */
const MOST_MAPPED = 64 * 4096

/** kho_populate() and kho_memory_init() of a release, over a dump's memory. */
export function bootReader(memory: ReaderMemory, input: BootInput): EarlyBoot {
  const events: BootEvent[] = []
  const result = (
    end: EarlyBoot['end'],
    cause: BootEvent | null,
    reserved: Reserved | null = null,
  ): EarlyBoot => ({
    end,
    cause,
    events,
    reserved,
    assumptions: [...memory.assumptions],
  })
  const { reader, geometry, root } = input
  if (!memory.isRam(root)) {
    // early_memremap() maps any address; what is no RAM reads as no FDT.
    const message = `handover FDT (${hex(root)}) is invalid: -9 (the address is no RAM)`
    return result('rejected', { rule: 'ROOT-FDT-INVALID', message, address: root })
  }
  const bytes = loadFdt(memory, root, geometry)
  if (bytes === null) return stopped(memory, result, null)
  const header = checkFdtHeader(bytes, { subBlockAlignment: false })
  const refused =
    root % 8 === 0 ? header && { number: libfdtErrorNumber(header.code), why: header.message } : UNALIGNED
  if (refused !== null) {
    const message = `handover FDT (${hex(root)}) is invalid: -${refused.number} (${refused.why})`
    return result('rejected', { rule: 'ROOT-FDT-INVALID', message, address: root })
  }
  const { tree } = readFdt(bytes)
  const verdict = checkRoot(reader, tree, root, input.scratchLength, events)
  if (verdict !== null) return result('rejected', verdict)
  const map = tree && mapValue(reader, tree.root)
  if (map === null) {
    const { node, property } = reader.layout.map
    const message =
      node === null
        ? 'failed to get preserved memory bitmaps'
        : `no ${node} node, or no ${property} of 8 bytes`
    events.push({ rule: 'ROOT-MAP-PROPERTY', message, address: root })
    return result('done', null, createReserved(geometry.pageShift))
  }
  const reserved = createReserved(geometry.pageShift)
  readMapAs(memory, reader, geometry, Number(map), reserved)
  if (memory.stopped() !== null) return stopped(memory, result, reserved)
  if (reader.reads.restoresFdt) restoreFdt(reader, reserved, root, events)
  return result('done', null, reserved)
}

const UNALIGNED = { number: 19, why: 'the address is not a multiple of 8' }

type Result = (end: EarlyBoot['end'], cause: BootEvent | null, reserved?: Reserved | null) => EarlyBoot

function stopped(memory: ReaderMemory, result: Result, reserved: Reserved | null): EarlyBoot {
  const stop = memory.stopped()!
  const rule =
    stop.kind === 'unknown' ? 'READER-UNKNOWN' : stop.kind === 'loop' ? 'READER-LOOP' : 'READER-OOPS'
  return result(stop.kind, { rule, message: stop.message, address: stop.address }, reserved)
}

/**
 * As much of the FDT as its header speaks of. The kernel follows the header's offsets, not the length that it mapped;
 * a totalsize that is only too large does not matter to it.
 */
function loadFdt(memory: ReaderMemory, root: number, geometry: Geometry): Uint8Array | null {
  const header = memory.load(root, 40)
  if (header === null) return null
  const view = viewOf(header)
  const ends = [view.getUint32(8) + view.getUint32(36), view.getUint32(12) + view.getUint32(32)]
  const used = Math.min(Math.max(...ends, 40), view.getUint32(4))
  if (used <= 40 || used > LARGEST_FDT) return header
  const inPage = used <= geometry.pageSize - (root % geometry.pageSize)
  return memory.load(root, inPage ? geometry.pageSize - (root % geometry.pageSize) : used)
}

/** What kho_populate() checks once the header is sound; null where all of it passes. */
function checkRoot(
  reader: ReadingKernel,
  tree: FdtTree | null,
  root: number,
  scratchLength: number | null,
  events: BootEvent[],
): BootEvent | null {
  const { compatible } = reader.layout
  if (reader.reads.checksCompatible && !isCompatible(tree, compatible)) {
    const message = `handover FDT (${hex(root)}) is incompatible with '${compatible}'`
    return { rule: 'ROOT-COMPATIBLE', message, address: root }
  }
  if (reader.reads.mapChecked === 'populate') {
    const map = tree && mapValue(reader, tree.root)
    const message = map === null ? 'failed to get preserved memory map' : 'the map pointer is 0'
    if (!map) return { rule: map === null ? 'ROOT-MAP-PROPERTY' : 'ROOT-MAP-ZERO', message, address: root }
  }
  if (scratchLength === 0 || (scratchLength ?? 0) > MOST_MAPPED) {
    const message = `failed to memremap scratch: its length is ${scratchLength}`
    const event = { rule: 'SCRATCH-EMPTY', message, address: null }
    if (reader.reads.emptyScratch === 'rejected') return event
    events.push(event)
  }
  return null
}

/** fdt_node_check_compatible(): one element of a list of terminated strings is the string, to the letter. */
function isCompatible(tree: FdtTree | null, wanted: string): boolean {
  const property = tree && findProperty(tree.root, 'compatible')
  return property !== null && (stringList(property) ?? []).includes(wanted)
}

/** The map pointer where a release looks for it; null where it is not there or not 8 bytes long. */
function mapValue(reader: ReadingKernel, root: FdtNode): bigint | null {
  const { map } = reader.layout
  const node = map.node === null ? root : findChild(root, map.node)
  const property = node && findProperty(node, map.property)
  return property && nativeU64(property)
}

function readMapAs(
  memory: ReaderMemory,
  reader: ReadingKernel,
  geometry: Geometry,
  map: number,
  reserved: Reserved,
): void {
  const options = trackerOptions(reader.layout.name, geometry)
  if (reader.layout.tracker === 'chunk-list') {
    readChunks(memory, map, geometry, options.bitmapBytes!, reserved)
    return
  }
  const shape = radixShape(geometry, options.depth)
  readRadix(memory, map, geometry, shape, reader.reads.intSize, reserved)
}

/** kho_restore_folio() of the root FDT, 6.16 to 6.18. Without the magic a page never preserved passes for order 0. */
function restoreFdt(reader: ReadingKernel, reserved: Reserved, root: number, events: BootEvent[]): void {
  const order = markerAt(reserved, root, 'highest')
  const refused = order === null ? reader.reads.marker === 'magic' : reader.reads.maxOrder && order > 10
  if (refused)
    events.push({ rule: 'ROOT-FDT-PRESERVED', message: 'failed to restore folio for KHO fdt', address: root })
}
