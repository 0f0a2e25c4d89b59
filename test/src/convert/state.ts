import fc from 'fast-check'
import { writeElf } from '../../../formats/dumps/index.js'
import { type AbiName, abiOf } from '../../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { addBlock, blocksAt, createPageSet, type PageSet } from '../../../formats/pages/page-set.js'
import type { Conversion } from '../../../src/convert/conversion.js'
import { loadState, type StateOptions } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openBytes } from '../../../src/node/open.js'
import { writeOverlayElf } from '../../../src/write/image-writer.js'
import { skipBlocks } from '../../../src/write/placement.js'
import type { RootChild } from '../../../src/write/root-writer.js'
import { writeState } from '../../../src/write/state-writer.js'

/** Every ABI that is written. */
export const WRITTEN: readonly AbiName[] = [
  'mem4',
  'v5',
  'v5-table',
  'mail-table',
  'array',
  'kho-v1-512',
  'kho-v1-page',
  'kho-v2',
  'kho-v3',
  'kho-v4',
]

/** What may be preserved: single pages close together, blocks anywhere, large ones. */
export const blocks = fc.array(
  fc.oneof(
    fc.record({ block: fc.integer({ min: 1000, max: 1100 }), order: fc.constant(0) }),
    fc.record({ block: fc.integer({ min: 1000, max: 500_000 }), order: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ block: fc.integer({ min: 1, max: 20 }), order: fc.integer({ min: 8, max: 13 }) }),
  ),
  { minLength: 1, maxLength: 40 },
)

/** Collects what goes to a sink. */
function collect(write: (sink: (bytes: Uint8Array, offset: number) => void) => number): Uint8Array {
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  const size = write((bytes, offset) => pieces.push({ bytes: bytes.slice(), offset }))
  const all = new Uint8Array(size)
  for (const { bytes, offset } of pieces) all.set(bytes, offset)
  return all
}

/** RAM of the made-up machine. */
const RAM = { start: 2 ** 20, end: 2 ** 33 }

/** An image with such a state, opened and decoded. */
export async function makeState(
  abi: AbiName,
  pageShift: PageShift,
  blocks: readonly { block: number; order: number }[],
  children: readonly RootChild[] = [],
): Promise<KhoState> {
  const pages = createPageSet(pageShift)
  for (const { block, order } of blocks) {
    const address = block * 2 ** (pageShift + order)
    const overlaps = blocksAt(pages, address).length > 0 || skipBlocks(pages, address) !== address
    if (!overlaps && address < RAM.end && free(pages, address, order)) addBlock(pages, address, order)
  }
  const builder = createMemoryBuilder({
    geometry: geometry(pageShift),
    ram: [RAM],
    skipPreserved: address => skipBlocks(pages, address),
  })
  const { root } = writeState(builder, { abi: abiOf(abi), pages, children })
  const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
  segments.sort((a, b) => a.phys - b.phys)
  const image = await openBytes(
    collect(sink => writeElf(segments, { machine: 183 }, sink)),
    { ram: [RAM] },
  )
  return loadState(image, { root, abi, pageShift })
}

/** No block of the set begins inside the block. */
function free(pages: PageSet, address: number, order: number): boolean {
  const size = 2 ** (pages.pageShift + order)
  for (const [other, { spans }] of pages.orders) {
    const unit = 2 ** (pages.pageShift + other)
    for (const [span, words] of spans) {
      for (let bit = 0; bit < words.length * 32; bit++) {
        if (words[bit >>> 5] === 0) {
          bit |= 31
          continue
        }
        const at = (span * 32768 + bit) * unit
        if (((words[bit >>> 5]! >>> (bit & 31)) & 1) === 1 && at < address + size && at + unit > address)
          return false
      }
    }
  }
  return true
}

/** A conversion, written as an ELF core and opened again. */
export async function reopen(
  state: KhoState,
  conversion: Conversion,
  options: StateOptions = {},
  edit: (bytes: Uint8Array) => void = () => {},
): Promise<KhoState> {
  const bytes = collect(sink => writeOverlayElf(state.image, conversion, sink))
  edit(bytes)
  return loadState(await openBytes(bytes), options)
}

/** All that the report says is needed to read it. */
export function told(state: KhoState, { root, to }: Conversion): StateOptions {
  return { root, abi: to, pageShift: state.geometry.pageShift }
}
