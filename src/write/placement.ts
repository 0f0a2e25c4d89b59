import { readSetupData } from '../../formats/handoff/setup-data.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../../formats/memory/memory-builder.js'
import { mergeRanges, type Range } from '../../formats/memory/range.js'
import {
  blockSize,
  isFullSpan,
  orders,
  type PageSet,
  SPAN_BITS,
  sortedSpans,
} from '../../formats/pages/page-set.js'
import { nextClear } from '../../formats/pages/words.js'
import { fdtBytes } from '../image/find-roots.js'
import type { KhoState } from '../image/state.js'
import { ownershipOf } from '../owners/ownership.js'

/** The first address at or after one, a multiple of the page size, that no block of a set covers. */
export function skipBlocks(pages: PageSet, address: number): number {
  let at = address
  for (let moved = true; moved; ) {
    moved = false
    for (const order of orders(pages)) {
      const size = blockSize(pages, order)
      const block = Math.floor(at / size)
      const span = Math.floor(block / SPAN_BITS)
      const words = pages.orders.get(order)!.spans.get(span)
      if (words === undefined) continue
      const bit = block - span * SPAN_BITS
      const clear = isFullSpan(words) ? SPAN_BITS : nextClear(words, bit)
      if (clear === bit) continue
      at = (span * SPAN_BITS + clear) * size
      moved = true
    }
  }
  return at
}

/** First address behind all blocks. */
export function endOfBlocks(pages: PageSet): number {
  let end = 0
  for (const order of orders(pages)) {
    const last = sortedSpans(pages.orders.get(order)!).at(-1)
    if (last !== undefined) end = Math.max(end, (last + 1) * SPAN_BITS * blockSize(pages, order))
  }
  return Math.min(end, ADDRESS_LIMIT)
}

/** RAM to place pages in: first what the dump knows of, then what lies between and behind it. */
export function* ramChoices(state: KhoState): Generator<{ ram: Range[]; assumed: boolean }> {
  const known = [...state.image.ramKnown]
  if (known.length > 0) yield { ram: known, assumed: false }
  const start = known[0]?.start ?? 0
  const end = Math.max(known.at(-1)?.end ?? 0, endOfBlocks(state.tracker.decode.pages))
  yield { ram: [{ start, end: Math.min(ADDRESS_LIMIT, end + 2 ** 36) }], assumed: true }
}

const LEGACY = 2 ** 20

/** A builder that places pages where a kernel could have had them: not in scratch, nor where anything of KHO's lies. */
export function builderFor(
  state: KhoState,
  ram: readonly Range[],
  pages: PageSet,
  seed: number,
): MemoryBuilder {
  const scratch = (state.scratch ?? []).map(({ start, size }) => ({ start, end: start + size }))
  const builder = createMemoryBuilder({
    geometry: state.geometry,
    ram,
    scratch: scratch.filter(({ start, end }) => end > start),
    reserved: takenRanges(state),
    skipPreserved: address => skipBlocks(pages, address),
    seed,
  })
  builder.reserve(0, LEGACY)
  return builder
}

const taken = new WeakMap<KhoState, readonly Range[]>()

/** Where roots, records and structures lie: also those that the map does not hold. Looked at once: every damage asks. */
export function takenRanges(state: KhoState): readonly Range[] {
  let found = taken.get(state)
  if (found === undefined) {
    found = findTaken(state)
    taken.set(state, found)
  }
  return found
}

function findTaken(state: KhoState): Range[] {
  const { memory } = state.image
  const { pageSize } = state.geometry
  const taken: Range[] = []
  const add = (start: number, size: number) => {
    taken.push({ start: start - (start % pageSize), end: Math.ceil((start + size) / pageSize) * pageSize })
  }
  for (const { address, evidence } of state.candidates) {
    add(address, fdtBytes(memory, address)?.length ?? pageSize)
    for (const { kind, address: at } of evidence) {
      if (at === null) continue
      if (kind === 'chosen') add(at, fdtBytes(memory, at)?.length ?? pageSize)
      if (kind !== 'setup-data') continue
      add(at, pageSize)
      const record = readSetupData(memory, at)
      if (record !== null) add(record.scratchAddress, record.scratchSize)
    }
  }
  if (state.scratchArray !== null) add(state.scratchArray.address, state.scratchArray.size)
  for (const group of ownershipOf(state).groups) {
    if (!group.preserved || group.kind === 'data') continue
    for (let n = 0; n < group.count; n++) add(group.starts[n] as number, group.sizes[n] as number)
  }
  return mergeRanges(taken)
}
