import { KhoError } from '../error.js'
import { appendPath, KHO_BLOCK_HEADER, KHO_MAX_BLOCKS, type Struct } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT, type Geometry } from '../memory/geometry.js'
import { type Range, rangeAt } from '../memory/range.js'
import type { PageAllocator } from './allocator.js'
import { type BlobContext, gapAt, numberOrNull, readBytes } from './context.js'
import type { Gap } from './types.js'

/** One block of a chain: a page. include/linux/kho/abi/block.h, 7.2. */
export interface KhoBlock {
  path: string
  extent: Range
  /** Entries in it, as its header says; null where the u64 is 2^53 or more. */
  count: number | null
}

/** A chain as far as it could be walked. */
export interface KhoBlocks {
  blocks: KhoBlock[]
  /** The block that the dump lacks; null where the chain was followed to its end, or to where it is broken. */
  gap: Gap | null
}

/** Entries of one block: 51 sessions or 63 files at 4K. */
export function blockCapacity(geometry: Geometry, entrySize: number): number {
  return Math.floor((geometry.pageSize - KHO_BLOCK_HEADER.size) / entrySize)
}

/** Sees each entry of a chain, in order: the bytes of its block, the entry's offset there, and its address. */
export type VisitEntry = (bytes: Uint8Array, offset: number, address: number) => void

/**
 * Walks a chain of blocks, as kho_block_set_restore() of 7.2 does: that one refuses cycles, empty blocks, counts above
 * capacity and more than 10,000 blocks. Of a block with too large a count, entries up to the first that is all zero are seen.
 */
export function walkBlocks(
  context: BlobContext,
  first: number,
  entry: Struct,
  owner: string,
  visit: VisitEntry,
): KhoBlocks {
  const { pageSize } = context.geometry
  const capacity = blockCapacity(context.geometry, entry.size)
  const visited = new Set<number>()
  const blocks: KhoBlock[] = []
  for (let address = first; address !== 0; ) {
    const path = appendPath(owner, 'blocks', hex(address))
    if (!enterBlock(context, visited, blocks, address, owner)) break
    const bytes = readBytes(context, 'LUO-BLOCK-ABSENT', 'block', address, pageSize, path)
    if (bytes === null) return { blocks, gap: gapAt(context, address, pageSize) }
    const header = KHO_BLOCK_HEADER.read(bytes)
    const count = numberOrNull(header.count)
    blocks.push({ path, extent: rangeAt(address, pageSize), count })
    const counted = count !== null && count >= 1 && count <= capacity
    if (!counted) {
      const message = `block ${hex(address)} has ${header.count} entries, not 1 to ${capacity}`
      context.fault('LUO-BLOCK-COUNT', message, address, path)
    }
    const entries = count === 0 ? 0 : counted ? count : capacity
    for (let n = 0; n < entries; n++) {
      const offset = KHO_BLOCK_HEADER.size + n * entry.size
      if (!counted && bytes.subarray(offset, offset + entry.size).every(byte => byte === 0)) break
      visit(bytes, offset, address + offset)
    }
    if (header.next !== 0 && counted && count < capacity) {
      const message = `block ${hex(address)} has ${count} of ${capacity} entries, but is not the last`
      context.fault('LUO-BLOCK-PARTIAL', message, address, path)
    }
    if (header.next === null) {
      const next = hex(KHO_BLOCK_HEADER.raw(bytes, 0, 'next'))
      context.fault('LUO-BLOCK-POINTER', `block pointer ${next} is no physical address`, address, path)
      break
    }
    address = header.next
  }
  return { blocks, gap: null }
}

function enterBlock(
  context: BlobContext,
  visited: Set<number>,
  blocks: readonly KhoBlock[],
  address: number,
  owner: string,
): boolean {
  const path = appendPath(owner, 'blocks', hex(address))
  if (address >= ADDRESS_LIMIT || address % context.geometry.pageSize !== 0) {
    const from = blocks.at(-1)
    const message = `block pointer ${hex(address)} is not page aligned`
    context.fault('LUO-BLOCK-POINTER', message, from?.extent.start ?? null, from?.path ?? owner)
    return false
  }
  if (visited.has(address)) {
    context.fault('LUO-BLOCK-CYCLE', `chain of blocks comes back to ${hex(address)}`, address, path)
    return false
  }
  if (blocks.length === KHO_MAX_BLOCKS) {
    context.fault('LUO-BLOCK-LIMIT', `chain has more than ${KHO_MAX_BLOCKS} blocks`, address, path)
    return false
  }
  visited.add(address)
  const other = context.pages.get(address)
  if (other !== undefined) {
    context.fault('LUO-BLOCK-SHARED', `block ${hex(address)} is also ${other}`, address, path)
    return false
  }
  context.pages.set(address, path)
  return true
}

/**
 * Writes a chain of blocks; every one but the last is full. Gives the address of the first, 0 for no entries. Throws
 * `cannot-express` for more than 10,000 blocks.
 */
export function encodeBlocks<V extends object>(
  allocator: PageAllocator,
  geometry: Geometry,
  entry: Struct<V>,
  values: readonly V[],
): number {
  const capacity = blockCapacity(geometry, entry.size)
  if (values.length > capacity * KHO_MAX_BLOCKS) {
    throw new KhoError('cannot-express', `${values.length} entries need more than ${KHO_MAX_BLOCKS} blocks`)
  }
  const pages = Array.from({ length: Math.ceil(values.length / capacity) }, () => allocator.allocate(1))
  pages.forEach((page, block) => {
    const entries = values.slice(block * capacity, (block + 1) * capacity)
    const next = pages[block + 1]?.address ?? 0
    KHO_BLOCK_HEADER.write(page.bytes, 0, { next, count: BigInt(entries.length) })
    entries.forEach((value, n) => {
      entry.write(page.bytes, KHO_BLOCK_HEADER.size + n * entry.size, value)
    })
  })
  return pages[0]?.address ?? 0
}
