import type { Layout, ReadingKernel } from '../../../formats/kernels/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import type { Range } from '../../../formats/memory/range.js'
import type { TrackerFormat } from '../../../formats/trackers/index.js'
import { radixShape, shortDepth } from '../../../formats/trackers/radix-tree/index.js'
import { readChunks } from './chunks.js'
import { type Busy, busySink, createBusy, extendedRanges } from './extend.js'
import { Halt, type ReaderMemory } from './memory.js'
import { type BootEvent, type BootInput, type BootStep, populate } from './populate.js'
import { readRadix } from './radix.js'
import { bothSinks, createReserved, keepIn, type ReservationSink, type Reserved } from './reserved.js'
import { createRestorer } from './restore.js'
import { readTables } from './tables.js'

export type { BootEvent, BootInput, BootStep, ScratchPlace } from './populate.js'

/** How far a reading kernel came through early boot. */
export interface EarlyBoot {
  end: 'done' | 'rejected' | 'oops' | 'loop' | 'unknown'
  /** What ended it early; null where it came through. */
  cause: BootEvent | null
  /** Errors that it reported and went on after. */
  events: BootEvent[]
  /** What it reserved; null where it never came to that. */
  reserved: Reserved | null
  /** Where the map begins, an address for each tree of it; null where it never came to that. */
  roots: readonly number[] | null
  /** Memory besides scratch that early allocations may come from; null for kernels that open none. */
  extended: Range[] | null
  steps: BootStep[]
  /** What was taken for granted, in words. */
  assumptions: string[]
}

/** kho_populate(), kho_memory_init_early() and kho_memory_init() of a kernel, over a dump's memory. */
export function bootKernel(memory: ReaderMemory, input: BootInput): EarlyBoot {
  const boot: EarlyBoot = {
    end: 'done',
    cause: null,
    events: [],
    reserved: null,
    roots: null,
    extended: null,
    steps: [],
    assumptions: [],
  }
  try {
    run(memory, input, boot)
  } catch (error) {
    if (!(error instanceof Halt)) throw error
    memory.stop(error.stop)
  }
  const stop = memory.stopped()
  if (stop !== null) {
    boot.end = stop.kind
    const { address } = stop
    boot.cause = {
      rule: STOPPED[stop.kind],
      message: stop.message,
      address: address !== null && address < 2 ** 52 ? address : null,
    }
  }
  boot.assumptions = [...memory.assumptions]
  return boot
}

const STOPPED = { unknown: 'READER-UNKNOWN', loop: 'READER-LOOP', oops: 'READER-OOPS' } as const

function run(memory: ReaderMemory, input: BootInput, boot: EarlyBoot): void {
  const { kernel, geometry, root } = input
  if (kernel.reads.assumes !== null) memory.assumptions.add(kernel.reads.assumes)
  const { refused, roots, events } = populate(memory, input, boot.steps)
  boot.events.push(...events)
  if (refused !== null) {
    boot.end = 'rejected'
    boot.cause = refused
    return
  }
  const reserved = createReserved(geometry.pageShift)
  boot.roots = roots
  if (roots === null) {
    const { node, property, perOrder }: Layout['map'] = kernel.layout.map
    const length = perOrder ? 'a multiple of 8 bytes' : '8 bytes'
    const message =
      node === null
        ? 'failed to get preserved memory bitmaps'
        : `no ${node} node, or no ${property} of ${length}`
    boot.events.push({ rule: 'ROOT-MAP-PROPERTY', message, address: root })
    boot.reserved = reserved
    return
  }
  if (input.kdump === true && kernel.reads.kdumpReturnsEarly) {
    const message =
      'KHO: disabled in the kdump kernel: elfcorehdr= is on its command line, and nothing is reserved'
    boot.end = 'rejected'
    boot.cause = { rule: 'READER-CMDLINE', message, address: null }
    return
  }
  if (input.mapHidden === true) {
    memory.assumptions.add('the map, and what else debugfs does not show, is sound')
    boot.reserved = reserved
    return
  }
  const { extendsScratch } = kernel.reads
  const busy = extendsScratch === null ? null : createBusy(geometry, extendsScratch)
  const walk = mapWalk(memory, input, roots)
  const walked = busy === null ? input.walks?.get(walk) : undefined
  if (walked === undefined) {
    const keep = keepIn(reserved)
    // 7.3 walks the map twice, over memory that nothing has changed meanwhile: here once, for both.
    readMap(memory, kernel, geometry, roots, busy === null ? keep : bothSinks(busySink(busy), keep))
    if (memory.stopped() !== null) return
    input.walks?.set(walk, reserved)
  }
  if (busy !== null) extend(memory, busy, boot)
  boot.reserved = walked ?? reserved
  const begin = roots.find(root => root !== 0) ?? 0
  boot.steps.push({ ...readingStep(kernel), address: begin < 2 ** 52 ? begin : null })
  if (kernel.reads.restoresFdt) restoreFdt(memory, input, boot.reserved, boot)
}

/** kho_extend_scratch() of kho_memory_init_early(), 7.3 on. What goes wrong in it is said, and boot goes on. */
function extend(memory: ReaderMemory, busy: Busy, boot: EarlyBoot): void {
  const step = { function: 'kho_extend_scratch', address: null }
  if (busy.failed) {
    boot.events.push({
      rule: 'READER-EXTEND',
      message: `Failed to extend scratch: ${busy.failed}`,
      address: null,
    })
    boot.steps.push({ ...step, message: `fails: ${busy.failed}` })
    return
  }
  const ram = memory.ram()
  boot.extended = ram === null ? null : extendedRanges(busy, ram)
  const message =
    boot.extended === null
      ? `${busy.blocks.size} blocks of 1 GiB are busy; what RAM there is besides is not known`
      : `${busy.blocks.size} blocks of 1 GiB are busy; early boot may use ${boot.extended.length} ranges between them`
  boot.steps.push({ ...step, message })
}

/** Who reads a map, and how. */
interface MapReader {
  function: string
  read(
    memory: ReaderMemory,
    kernel: ReadingKernel,
    geometry: Geometry,
    roots: readonly number[],
    sink: ReservationSink,
  ): void
}

const tables: MapReader = {
  function: 'kho_mem_deserialize',
  read: (memory, { reads }, geometry, roots, sink) => readTables(memory, roots, geometry, reads, sink),
}

/** By format, for those that some kernel here reads. */
const MAP_READERS: Partial<Record<TrackerFormat, MapReader>> = {
  'radix-tree': {
    function: 'kho_mem_retrieve',
    read(memory, { layout, reads }, geometry, [root], sink) {
      const shape = radixShape(geometry, layout.depth === 'short' ? shortDepth(geometry) : undefined)
      readRadix(memory, root!, geometry, shape, reads.intSize, sink)
    },
  },
  'chunk-list': {
    function: 'kho_mem_deserialize',
    read(memory, { layout }, geometry, [root], sink) {
      readChunks(memory, root!, geometry, layout.bitmap === 512 ? 512 : geometry.pageSize, sink)
    },
  },
  'page-table': tables,
  'mail-table': tables,
}

function readingStep({ layout, reads }: ReadingKernel): Omit<BootStep, 'address'> {
  if (reads.keeps === 'skip') {
    const message =
      'the map is asked for each page of RAM before it is handed over; nothing is reserved for it'
    return { function: 'memblock_free_pages', message }
  }
  return { function: MAP_READERS[layout.tracker]!.function, message: 'the map is read to its end' }
}

/** All that a walk of the map goes by, as text. */
function mapWalk(memory: ReaderMemory, { kernel, geometry }: BootInput, roots: readonly number[]): string {
  const { layout, reads } = kernel
  const { tracker, bitmap, depth, chunkHeader } = layout as Layout
  const { intSize, bitStride, keeps, reservesTracker } = reads
  return JSON.stringify([
    [tracker, bitmap, depth, chunkHeader ?? null],
    [intSize, bitStride, keeps, reservesTracker],
    [geometry.pageShift, roots.map(String), memory.changed()],
  ])
}

/** Walks the map as a kernel does, and says what it would reserve. */
export function readMap(
  memory: ReaderMemory,
  kernel: ReadingKernel,
  geometry: Geometry,
  roots: readonly number[],
  sink: ReservationSink,
): void {
  MAP_READERS[kernel.layout.tracker]!.read(memory, kernel, geometry, roots, sink)
}

/** kho_restore_folio() of the root FDT, 6.16 to 6.18. */
function restoreFdt(
  memory: ReaderMemory,
  { kernel, geometry, root }: BootInput,
  reserved: Reserved,
  boot: EarlyBoot,
): void {
  const restored = createRestorer(memory, kernel, geometry, reserved).folio(root)
  if (restored.ok) return
  const message = `failed to restore folio for KHO fdt: ${restored.reason}`
  boot.events.push({ rule: 'ROOT-FDT-PRESERVED', message, address: root })
  boot.steps.push({ function: 'kho_memory_init', message: `${message} (${hex(root)})`, address: root })
}
