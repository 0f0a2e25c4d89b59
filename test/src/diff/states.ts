import type { Blob, MemblockRegion } from '../../../formats/blobs/index.js'
import { layoutSet } from '../../../formats/described/index.js'
import { buildFdt, readFdt } from '../../../formats/fdt/index.js'
import { type AbiName, abiOf, encoderOf, trackerOptions } from '../../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { addBlock, createPageSet, type PageSet } from '../../../formats/pages/page-set.js'
import { trackerOf } from '../../../formats/trackers/index.js'
import type { TrackerNode } from '../../../formats/trackers/tracker.js'
import type { KhoState } from '../../../src/image/state.js'

/** What a made-up state is like. */
export interface StateSpec {
  pages: PageSet
  regions?: { name: string; start: number; size: number }[]
  scratch?: { start: number; size: number }[] | null
  nodes?: TrackerNode[]
  memory?: PhysicalMemory
  tracker?: Partial<KhoState['tracker']>
  blobs?: Blob[]
}

const FDT = readFdt(buildFdt({ name: '', properties: [], children: [] })).tree!

/** Memory in which nothing is. */
export const EMPTY: PhysicalMemory = {
  ranges: [],
  inputSize: 0,
  read: (phys: number) => ({ ok: false, reason: 'outside', address: phys }),
  blocks: () => [],
}

/** A state of ABI `v5`, whose root FDT is not preserved, with a memblock of regions. */
export function stateOf(spec: StateSpec): KhoState {
  const { pages, regions = [], scratch = [], nodes = [], memory = EMPTY } = spec
  const blobs = spec.blobs ?? [memblockBlob(regions)]
  const decode = { pages, nodes, faults: [], badPointers: 0, absentNodes: 0 }
  const root = {
    address: 0,
    direction: 'unknown',
    state: 'live',
    compatible: 'kho-v1',
    evidence: [],
  } as const
  return {
    image: { memory, dump: { faults: [] } } as unknown as KhoState['image'],
    geometry: geometry(pages.pageShift),
    geometryReason: 'made up',
    root: { ...root, evidence: [] },
    candidates: [],
    abi: 'v5',
    compatible: 'kho-v1',
    fdt: FDT,
    tracker: {
      format: 'chunk-list',
      state: 'live',
      reason: null,
      root: 0x1000,
      decode,
      reading: null,
      ...spec.tracker,
    },
    layouts: layoutSet(),
    scratch,
    scratchReason: 'made up',
    scratchArray: null,
    blobs: () => blobs,
    faults: [],
  }
}

function memblockBlob(specs: { name: string; start: number; size: number }[]): Blob {
  const regions = specs.map(
    (region): MemblockRegion => ({
      ...region,
      path: `memblock/${region.name}`,
      compatible: 'reserve-mem-v1',
    }),
  )
  const value = { kind: 'memblock', compatible: 'memblock-v1', regions } as const
  return { name: 'memblock', path: 'memblock', address: null, size: null, format: 'node', value, faults: [] }
}

/** A set of blocks: order and address in pages. */
export function setOf(
  blocks: readonly (readonly [order: number, page: number])[],
  shift: PageShift = 12,
): PageSet {
  const set = createPageSet(shift)
  for (const [order, page] of blocks) addAligned(set, order, page)
  return set
}

function addAligned(set: PageSet, order: number, page: number): void {
  addBlock(set, Math.floor(page / 2 ** order) * 2 ** (order + set.pageShift), order)
}

/** The same state with its preserved set written by our encoder of an ABI, far from everything, and read back. */
export function reencoded(state: KhoState, abi: AbiName): KhoState {
  const builder = createMemoryBuilder({
    geometry: state.geometry,
    ram: [{ start: 2 ** 51, end: 2 ** 51 + 2 ** 34 }],
  })
  const options = trackerOptions(abi, state.geometry)
  const encoder = encoderOf(abi)
  const refusal = encoder.refuse(state.tracker.decode.pages, options)
  if (refusal !== null) throw new Error(refusal)
  const writer = encoder.createWriter(builder, options)
  writer.preserveAll(state.tracker.decode.pages)
  const root = writer.finish()
  const format = abiOf(abi).tracker
  const decode = trackerOf(format).decode(builder.memory(), root, options)
  const tracker = {
    ...state.tracker,
    format,
    root: root.addresses.find(address => address !== 0) ?? null,
    decode,
    reading: { memory: builder.memory(), root, options, decode },
  }
  return { ...state, abi, tracker }
}
