import type { BlobContext } from '../blobs/context.js'
import type { Vmalloc } from '../blobs/memory-types.js'
import type { Absence } from '../memory/fault.js'
import type { Range } from '../memory/range.js'
import { viewOf } from '../memory/u64.js'
import type { CompiledStruct, Link } from './compile.js'

/** A structure that was described, in memory. */
export interface DescribedNode {
  compiled: CompiledStruct
  /** Physical address; null where it lies across pages that are not neighbours. */
  address: number | null
  bytes: Uint8Array
}

/** What a field leads to. Elements become objects one at a time. */
export interface Followed {
  link: Link
  /** Pages and structures on the way: chain pages, chunks, pages of a list. */
  extents: Range[]
  /** Memory that is no structure: folios, page tables, what a `pages` target names. */
  data: Range[]
  /** Structures; null where their number is not known for want of bytes. */
  count: number | null
  /** Structures that there are at least. */
  known: number
  at(n: number): DescribedNode | null
  /** Why there is less than there should be; null where all is there. */
  missing: { reason: Absence; address: number } | null
  /** Entries that lie one behind the other. */
  runs: EntryRun[]
  /** The area that the entries are in. */
  area: Vmalloc | null
}

/** Entries of a list that lie one behind the other. */
export interface EntryRun {
  address: number
  /** Number of the first. */
  first: number
  count: number
}

/** What leads nowhere. */
export const NOTHING: Omit<Followed, 'link'> = {
  extents: [],
  data: [],
  count: 0,
  known: 0,
  at: () => null,
  missing: null,
  runs: [],
  area: null,
}

/** What {@link follow} must be able to ask. */
export interface FollowContext extends BlobContext {
  /** Bytes of the preserved block that begins at an address; 0 where none does. */
  blockBytes(address: number): number
}

/** Reads one structure of a description. */
export function readDescribed(
  context: BlobContext,
  compiled: CompiledStruct,
  address: number,
): { node: DescribedNode } | { absent: Absence } {
  const read = context.memory.read(address, compiled.struct.size)
  return read.ok ? { node: { compiled, address, bytes: read.bytes } } : { absent: read.reason }
}

/** The value of a structure, as its table reads it. */
export function describedValue({ compiled, bytes }: DescribedNode): Record<string, unknown> {
  return compiled.struct.read(bytes) as Record<string, unknown>
}

/**
 * What speaks against a structure: a field with a value that none of its readers takes, or, where `among` several, a list
 * that counts entries and has none. Null where nothing does.
 */
export function misfit({ compiled, bytes }: DescribedNode, among = false): string | null {
  for (const { name, is, not, offset, type } of compiled.fields) {
    if (is === null && not.length === 0) continue
    const value = numberAt(bytes, offset, { u64: 8, addr: 8, u32: 4, u16: 2, u8: 1 }[String(type)] ?? 0)
    if (is !== null && !is.includes(value)) return `${name} is ${value}, not ${is.join(' or ')}`
    if (not.includes(value)) return `${name} is ${value}`
  }
  if (!among) return null
  for (const link of compiled.links) {
    const { to, field } = link
    // The first word of a struct kho_vmalloc is its first chunk.
    if (to.kind !== 'vmalloc' || numberAt(bytes, field.offset, 8) !== 0n) continue
    if (counterValue({ compiled, bytes, address: 0 }, link) !== 0n)
      return `${to.count} counts a list that is not there`
  }
  return null
}

/** The number by which a link is counted. */
export function counterValue({ bytes }: DescribedNode, { counter }: Link): bigint {
  return counter === null ? 0n : numberAt(bytes, counter.offset, counter.bytes)
}

/** A number of so many bytes. */
export function numberAt(bytes: Uint8Array, offset: number, size: number): bigint {
  const view = viewOf(bytes)
  if (size === 8) return view.getBigUint64(offset, true)
  if (size === 4) return BigInt(view.getUint32(offset, true))
  if (size === 2) return BigInt(view.getUint16(offset, true))
  return size === 1 ? BigInt(view.getUint8(offset)) : 0n
}

/** No chain has more entries than the input has room for. */
export function mostEntries(context: FollowContext, entry: number): number {
  return Math.floor(context.memory.inputSize / entry)
}
