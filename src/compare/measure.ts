import {
  type AbiName,
  abiOf,
  encoderOf,
  type LayoutEncoder,
  trackerOptions,
} from '../../formats/kernels/index.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import {
  type BuiltPages,
  createMemoryBuilder,
  type MemoryBuilder,
} from '../../formats/memory/memory-builder.js'
import { usedOrders } from '../../formats/pages/algebra.js'
import { blocksAt, type PageSet } from '../../formats/pages/page-set.js'
import { trackerOf } from '../../formats/trackers/index.js'
import { MEM_ENTRY } from '../../formats/trackers/mem-array/index.js'
import type { TrackerOptions } from '../../formats/trackers/place.js'
import { noCounts, type TrackerWriter, type WriterCounts } from '../../formats/trackers/writer.js'
import { checkExpressed, fitOrders } from '../convert/express.js'
import { createPreparing, type Prepared, type Preparing } from './prepare.js'
import type { Sample } from './samples.js'
import { type Unit, unitsOf } from './units.js'

/** Steps of looking for one page: average over samples. Null where there was no sample, or the format cannot do it. */
export interface LookUp {
  hit: number | null
  miss: number | null
  /** `modelled`: half of all entries for a hit, all of them for a miss. */
  how: 'counted' | 'modelled'
}

/** What a tracker costs for one set. Bytes, unless it says otherwise. */
export interface Cost {
  /** What the set lost on the way in; empty where nothing. */
  losses: string[]
  blocks: number
  how: 'counted' | 'modelled'
  atRest: { bytes: number; indexBytes: number; pages: number }
  finalize: { bytes: number; copiedBytes: number; allocations: number }
  /** Most bytes at once: what is at rest, its index, and what finalize makes beside them. */
  peakBytes: number
  /** Of all that is handed over. */
  handedOverBytes: number
  allocations: number
  /** Steps of preserving one block, and of how many it is the average. */
  preserve: { steps: number | null; sample: number }
  readBack: { nodes: number; words: number; reservations: number }
  /** In the kernel that preserves. */
  lookUp: LookUp
  /** In what is handed over, before it is read back. */
  lookUpHandedOver: LookUp
  /** What one bitmap or table covers, from the smallest to the largest; empty for lists of ranges. */
  units: Unit[]
}

/** More pages or ranges than this a mem array is not run for: it lists ranges, so their number says it all. */
const MOST_MEM = { pages: 2 ** 20, ranges: 2 ** 14 }
/** Where nothing preserved lies. */
const ROOM = { start: 2 ** 50, end: 2 ** 51 }

/**
 * Runs an ABI's own encoder and decoder over a set, or over a part of one that is larger than any machine's, and counts.
 *
 * @throws KhoError `cannot-express` for what it cannot say in any order
 */
export function measure(
  pages: PageSet,
  name: AbiName,
  geometry: Geometry,
  ramEnd: number,
  prepare: Preparing = createPreparing(pages, ramEnd),
): Cost {
  const abi = abiOf(name)
  const { most, losses } = fitOrders(pages, abi, geometry)
  const prepared = prepare(most)
  const { set, scale, blocks } = prepared
  checkExpressed(set, abi, geometry)
  const messages = losses.map(({ message }) => message)
  if (abi.tracker === 'mem-array') return measureMem(prepared, messages, geometry)
  const encoder = encoderOf(name)
  const options = trackerOptions(name, geometry)
  const run = encode(encoder, options, prepared.outline())
  const { counts, atRest, finished } = run
  const decode = trackerOf(abi.tracker).decode(run.memory(), run.root, options)
  const handedOver = decode.nodes.reduce((sum, node) => sum + node.size, 0)
  const lists = abi.tracker === 'chunk-list' || abi.tracker === 'kho-array'
  const entries = decode.nodes.filter(({ kind }) => kind === 'bitmap').length
  const lookUp = countLookUps(run.writer, counts, prepared)
  const ofAll = (count: number) => Math.round(count * scale)
  const bytesAtRest = atRest.bytesAtRest + atRest.indexBytes
  return {
    losses: messages,
    blocks,
    how: scale === 1 ? 'counted' : 'modelled',
    atRest: {
      bytes: ofAll(atRest.bytesAtRest),
      indexBytes: ofAll(atRest.indexBytes),
      pages: Math.ceil(ofAll(bytesAtRest) / geometry.pageSize),
    },
    finalize: {
      bytes: ofAll(finished.finalizeBytes),
      copiedBytes: ofAll(finished.copiedBytes),
      allocations: ofAll(finished.allocations - atRest.allocations),
    },
    peakBytes: ofAll(bytesAtRest + finished.finalizeBytes),
    handedOverBytes: ofAll(handedOver),
    allocations: ofAll(finished.allocations),
    preserve: countPreserve(encoder, options, prepared.preserved()),
    readBack: {
      nodes: ofAll(decode.nodes.length),
      words: scale === 1 ? handedOver / 8 : ofAll(handedOver / 8),
      reservations: blocks,
    },
    lookUp,
    lookUpHandedOver: lists ? linear(ofAll(entries)) : lookUp,
    units: unitsOf({ memory: run.memory(), root: run.root, options, decode }, abi.tracker),
  }
}

function encode(encoder: LayoutEncoder, options: TrackerOptions, set: PageSet) {
  const builder = createMemoryBuilder({ geometry: options.geometry, ram: [ROOM] })
  // Nobody asks where bitmaps lie: small ones may begin a page, so that those that are alike need no bytes of their own.
  const adopt = (bytes: Uint8Array) => builder.adopt(bytes)
  const writer = encoder.createWriter({ ...builder, adopt }, options)
  writer.preserveAll(set)
  const atRest = { ...writer.counts }
  const root = writer.finish()
  const finished: WriterCounts = { ...writer.counts }
  return { writer, counts: writer.counts, atRest, finished, root, memory: () => builder.memory() }
}

/** One call after the other, as a kernel makes them. */
function countPreserve(
  encoder: LayoutEncoder,
  options: TrackerOptions,
  samples: readonly Sample[],
): Cost['preserve'] {
  const writer = encoder.createWriter(stepsBuilder(options.geometry), options)
  for (const { address, order } of samples) writer.preserve(address, order)
  return { steps: average(writer.counts.steps, samples.length), sample: samples.length }
}

/** A builder of pages that nobody reads: all of them are one and the same. */
function stepsBuilder(geometry: Geometry): MemoryBuilder {
  const builder = createMemoryBuilder({ geometry, ram: [ROOM] })
  const bytes = new Uint8Array(geometry.pageSize)
  let next = ROOM.start
  const take = (count: number): number => {
    next += count * geometry.pageSize
    return next
  }
  const allocate = (count = 1): BuiltPages => ({
    address: take(count),
    bytes: count === 1 ? bytes : new Uint8Array(count * geometry.pageSize),
  })
  return {
    ...builder,
    allocate,
    allocateObject: () => allocate(),
    allocateSlot: () => take(1),
    adopt: () => take(1),
    place: address => ({ address, bytes }),
  }
}

/**
 * Whoever asks knows an address and no order: each order that the set has is tried, lowest first, as far as a bit that
 * is set. Taking a bit away looks for it in the same way; it is put back.
 */
function countLookUps(
  writer: TrackerWriter,
  counts: WriterCounts,
  { set, hits: preserved, misses: gaps }: Prepared,
): LookUp {
  const known = usedOrders(set)
  const look = (address: number): number => {
    let steps = 0
    for (const order of known) {
      const size = 2 ** (set.pageShift + order)
      const start = Math.floor(address / size) * size
      const before = counts.steps
      const found = writer.unpreserve(start, order)
      // The bit itself is one more.
      steps += counts.steps - before + 1
      if (!found) continue
      writer.preserve(start, order)
      break
    }
    return steps
  }
  // Of what was written only one block of each bitmap is there: blocks that are looked for come to be, too.
  for (const { address } of preserved()) {
    for (const { address: start, order } of blocksAt(set, address)) writer.preserve(start, order)
  }
  const hits = preserved().map(({ address }) => look(address))
  const misses = gaps().map(look)
  const sum = (list: readonly number[]) => list.reduce((total, steps) => total + steps, 0)
  return { hit: average(sum(hits), hits.length), miss: average(sum(misses), misses.length), how: 'counted' }
}

function average(sum: number, count: number): number | null {
  return count === 0 ? null : Math.round((sum / count) * 100) / 100
}

function linear(entries: number): LookUp {
  return { hit: (entries + 1) / 2, miss: entries, how: 'modelled' }
}

/** Ranges in the FDT: 16 bytes each. */
function measureMem(prepared: Prepared, losses: string[], geometry: Geometry): Cost {
  const { set, scale, blocks } = prepared
  const ranges = prepared.ranges()
  const counts = noCounts()
  let how: Cost['how'] = 'modelled'
  if (scale === 1 && blocks <= MOST_MEM.pages && ranges <= MOST_MEM.ranges) {
    const run = encode(encoderOf('mem4'), { geometry }, set)
    Object.assign(counts, run.finished)
    how = 'counted'
  } else {
    counts.bytesAtRest = ranges * MEM_ENTRY
    counts.finalizeBytes = ranges * MEM_ENTRY
  }
  return {
    losses,
    blocks,
    how,
    atRest: {
      bytes: counts.bytesAtRest,
      indexBytes: 0,
      pages: Math.ceil(counts.bytesAtRest / geometry.pageSize),
    },
    finalize: {
      bytes: counts.finalizeBytes,
      copiedBytes: counts.finalizeBytes,
      allocations: counts.allocations,
    },
    // Ranges are written down where they stay.
    peakBytes: counts.bytesAtRest,
    handedOverBytes: counts.bytesAtRest,
    allocations: counts.allocations,
    preserve: { steps: 1, sample: how === 'counted' ? blocks : 0 },
    readBack: { nodes: 0, words: ranges * 2, reservations: ranges },
    lookUp: linear(ranges),
    lookUpHandedOver: linear(ranges),
    units: [],
  }
}
