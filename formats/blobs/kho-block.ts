import { KhoError } from '../error.js'
import {
  appendPath,
  KHO_BLOCK_CHAIN,
  KHO_BLOCK_HEADER,
  KHO_MAX_BLOCKS,
  type Struct,
} from '../layout/index.js'
import { type ChainFault, followChain } from '../memory/chain.js'
import { hex } from '../memory/fault.js'
import type { Geometry } from '../memory/geometry.js'
import { rangeAt } from '../memory/range.js'
import type { PageAllocator } from './allocator.js'
import { type BlobContext, claimPage, gapAt, numberOrNull } from './context.js'
import type { KhoBlock } from './luo-types.js'
import type { Gap } from './memory-types.js'

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

/** Sees each entry of a list, in order: the bytes around it, as a view too, its offset there, and its address. */
export type VisitEntry = (bytes: Uint8Array, view: DataView, offset: number, address: number) => void

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
  const blocks: KhoBlock[] = []
  let gap: Gap | null = null
  const pathOf = (address: number) => appendPath(owner, 'blocks', hex(address))
  const shape = { ...KHO_BLOCK_CHAIN, size: pageSize, alignment: pageSize }
  followChain(context.memory, first, shape, {
    fault(fault) {
      if (fault.kind === 'absent') gap = gapAt(context, fault.address, pageSize)
      addBlockFault(context, fault, owner, pathOf)
    },
    admit: address =>
      claimPage(context, 'LUO-BLOCK-SHARED', `block ${hex(address)}`, address, pathOf(address)),
    link({ address, view }) {
      const path = pathOf(address)
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
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
        visit(bytes, view, offset, address + offset)
      }
      if (header.next !== 0 && counted && count < capacity) {
        const message = `block ${hex(address)} has ${count} of ${capacity} entries, but is not the last`
        context.fault('LUO-BLOCK-PARTIAL', message, address, path)
      }
    },
  })
  return { blocks, gap }
}

function addBlockFault(
  context: BlobContext,
  { kind, address, raw, from, reason }: ChainFault,
  owner: string,
  pathOf: (address: number) => string,
): void {
  const path = pathOf(address)
  if (kind === 'absent') {
    const message = `block at ${hex(address)} is not in the dump (${reason})`
    context.fault('LUO-BLOCK-ABSENT', message, address, path, reason)
  } else if (kind === 'cycle') {
    context.fault('LUO-BLOCK-CYCLE', `chain of blocks comes back to ${hex(address)}`, address, path)
  } else if (kind === 'limit') {
    context.fault('LUO-BLOCK-LIMIT', `chain has more than ${KHO_MAX_BLOCKS} blocks`, address, path)
  } else {
    const why = kind === 'no-address' ? 'is no physical address' : 'is not page aligned'
    const named = from === null ? owner : pathOf(from)
    context.fault('LUO-BLOCK-POINTER', `block pointer ${hex(raw)} ${why}`, from, named)
  }
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
