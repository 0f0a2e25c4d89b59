import type { BlobContext } from '../blobs/context.js'
import { decodeVmalloc, type Vmalloc } from '../blobs/vmalloc.js'
import { KHO_BLOCK_HEADER, KHO_MAX_BLOCKS } from '../layout/index.js'
import type { Absence } from '../memory/fault.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { type Range, rangeAt } from '../memory/range.js'
import { u64, viewOf } from '../memory/u64.js'
import type { Compiled, CompiledStruct, Link } from './compile.js'
import { tablePages } from './tables.js'

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
  at(n: number): DescribedNode | null
  /** Why there is less than there should be; null where all is there. */
  missing: { reason: Absence; address: number } | null
}

const NOTHING: Omit<Followed, 'link'> = { extents: [], data: [], count: 0, at: () => null, missing: null }

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

/** True where every field that may only have certain values has one of them. */
export function fits({ compiled, bytes }: DescribedNode): boolean {
  return compiled.fields.every(({ is, offset, type }) => {
    if (is === null) return true
    const value = numberAt(bytes, offset, { u64: 8, addr: 8, u32: 4, u16: 2, u8: 1 }[String(type)] ?? 0)
    return is.includes(value)
  })
}

/** Goes where a field of a structure leads. Bad pointers are faults of the context; nothing is thrown. */
export function follow(
  context: FollowContext,
  all: Compiled,
  node: DescribedNode,
  link: Link,
  path: string,
): Followed {
  const { to, offset } = link
  if (to.kind === 'vmalloc') return followVmalloc(context, all.structs.get(to.struct)!, node, link, path)
  if (to.kind === 'tail') return followTail(context, all.structs.get(to.struct)!, node, link, path)
  const value = u64(viewOf(node.bytes), offset)
  if (to.kind === 'folio') return { ...NOTHING, link, data: folio(context, node, link) }
  if (value === 0) return { ...NOTHING, link }
  if (value >= ADDRESS_LIMIT) {
    const raw = hex(viewOf(node.bytes).getBigUint64(offset, true))
    context.fault('LAYOUT-POINTER', `${link.field.name} ${raw} is no physical address`, node.address, path)
    return { ...NOTHING, link }
  }
  switch (to.kind) {
    case 'struct':
      return followStruct(context, all.structs.get(to.struct)!, value, link)
    case 'pages': {
      const size = to.pages === null ? context.blockBytes(value) : to.pages * context.geometry.pageSize
      return { ...NOTHING, link, data: size === 0 ? [] : [rangeAt(value, size)] }
    }
    case 'tables':
      return { ...NOTHING, link, ...tablePages(context, value, levelsOf(node, link)) }
    default:
      return followChain(context, all.structs.get(to.struct)!, value, link, path)
  }
}

function followStruct(
  context: FollowContext,
  compiled: CompiledStruct,
  address: number,
  link: Link,
): Followed {
  const read = readDescribed(context, compiled, address)
  if ('absent' in read) return { ...NOTHING, link, count: null, missing: { reason: read.absent, address } }
  return {
    ...NOTHING,
    link,
    extents: [rangeAt(address, compiled.struct.size)],
    count: 1,
    at: () => read.node,
  }
}

/** Pages `{u64 next; u64 count; entries}`; of `blocks`, one page each. Both forms begin with the same 16 bytes. */
function followChain(
  context: FollowContext,
  compiled: CompiledStruct,
  first: number,
  link: Link,
  path: string,
): Followed {
  const { pageSize } = context.geometry
  const entry = compiled.struct.size
  const one = link.to.kind === 'blocks'
  const extents: Range[] = []
  const firsts: number[] = []
  const visited = new Set<number>()
  let count = 0
  let missing: Followed['missing'] = null
  let address = first
  while (address !== 0) {
    const say = (what: string) =>
      context.fault('LAYOUT-CHAIN', `chain of ${link.field.name} ${what}`, address, path)
    if (visited.has(address)) {
      say(`comes back to ${hex(address)}`)
      break
    }
    if (address % 8 !== 0 || (one && address % pageSize !== 0)) {
      say(`has ${hex(address)}, which is not aligned`)
      break
    }
    if (visited.size === KHO_MAX_BLOCKS) {
      say(`has more than ${KHO_MAX_BLOCKS} parts`)
      break
    }
    visited.add(address)
    const read = context.memory.read(address, KHO_BLOCK_HEADER.size)
    if (!read.ok) {
      missing = { reason: read.reason, address }
      break
    }
    const header = KHO_BLOCK_HEADER.read(read.bytes)
    const room = one ? Math.floor((pageSize - KHO_BLOCK_HEADER.size) / entry) : mostEntries(context, entry)
    const entries = header.count <= BigInt(room) ? Number(header.count) : 0
    if (header.count > BigInt(room)) say(`has ${header.count} entries at ${hex(address)}, more than ${room}`)
    const size = one ? pageSize : KHO_BLOCK_HEADER.size + entries * entry
    extents.push(rangeAt(address, size))
    firsts.push(count)
    count += entries
    if (header.next === null) {
      say(`goes on at ${hex(KHO_BLOCK_HEADER.raw(read.bytes, 0, 'next'))}, which is no physical address`)
      break
    }
    address = header.next
  }
  const at = (n: number): DescribedNode | null => {
    const part = lastAtOrBelow(firsts, n)
    if (part < 0 || n >= count) return null
    const place = extents[part]!.start + KHO_BLOCK_HEADER.size + (n - firsts[part]!) * entry
    const read = readDescribed(context, compiled, place)
    return 'node' in read ? read.node : null
  }
  return { link, extents, data: [], count: missing === null ? count : null, at, missing }
}

/** No chain has more entries than the input has room for. */
function mostEntries(context: FollowContext, entry: number): number {
  return Math.floor(context.memory.inputSize / entry)
}

function lastAtOrBelow(firsts: readonly number[], n: number): number {
  let low = 0
  let high = firsts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (firsts[middle]! <= n) low = middle + 1
    else high = middle
  }
  return low - 1
}

function followTail(
  context: FollowContext,
  compiled: CompiledStruct,
  node: DescribedNode,
  link: Link,
  path: string,
): Followed {
  const wanted = counterValue(node, link)
  const { size } = compiled.struct
  if (node.address === null || wanted === 0n) return { ...NOTHING, link }
  if (wanted > BigInt(mostEntries(context, size))) {
    context.fault(
      'LAYOUT-COUNT',
      `${link.field.name} is ${wanted}, more than there is room for`,
      node.address,
      path,
    )
    return { ...NOTHING, link }
  }
  const count = Number(wanted)
  const first = node.address + node.compiled.struct.size
  const at = (n: number): DescribedNode | null => {
    if (n >= count) return null
    const read = readDescribed(context, compiled, first + n * size)
    return 'node' in read ? read.node : null
  }
  return { ...NOTHING, link, extents: [rangeAt(first, count * size)], count, at }
}

function followVmalloc(
  context: FollowContext,
  compiled: CompiledStruct,
  node: DescribedNode,
  link: Link,
  path: string,
): Followed {
  const wanted = counterValue(node, link)
  const view = viewOf(node.bytes)
  if (wanted === 0n && u64(view, link.offset) === 0) return { ...NOTHING, link }
  const address = node.address === null ? null : node.address + link.offset
  const area = decodeVmalloc(context, node.bytes, link.offset, address, path)
  const { pageSize } = context.geometry
  // Without a run there is nothing to divide: an order that no area can have gives none.
  const run = area.runs.length === 0 ? pageSize : pageSize * 2 ** area.order
  const entry = compiled.struct.size
  const room = Math.floor((area.runs.length * run) / entry)
  const count = wanted <= BigInt(room) ? Number(wanted) : room
  if (wanted > BigInt(room) && area.complete) {
    context.fault(
      'LAYOUT-COUNT',
      `${link.field.name} has room for ${room} entries, not ${wanted}`,
      address,
      path,
    )
  }
  const extents = [...area.chunks.map(chunk => rangeAt(chunk, pageSize))]
  for (const start of area.runs) if (start !== 0) extents.push(rangeAt(start, run))
  return {
    link,
    extents,
    data: [],
    count: area.complete || room >= wanted ? count : null,
    at: n => (n < count ? vmallocEntry(context, area, compiled, n, run) : null),
    missing: null,
  }
}

/** An entry may lie across the border of two runs. */
function vmallocEntry(
  context: BlobContext,
  area: Vmalloc,
  compiled: CompiledStruct,
  n: number,
  run: number,
): DescribedNode | null {
  const { size } = compiled.struct
  const offset = n * size
  const bytes = new Uint8Array(size)
  let first: number | null = null
  for (let done = 0; done < size; ) {
    const index = Math.floor((offset + done) / run)
    const within = (offset + done) % run
    const count = Math.min(size - done, run - within)
    const start = area.runs[index] ?? 0
    const read = start === 0 ? null : context.memory.read(start + within, count)
    if (read === null || !read.ok) return null
    bytes.set(read.bytes, done)
    if (done === 0 && count === size) first = start + within
    done += count
  }
  return { compiled, address: first, bytes }
}

function folio(context: FollowContext, node: DescribedNode, { field, offset, to }: Link): Range[] {
  const bit = to.kind === 'folio' ? field.bits.find(({ name }) => name === to.bits) : undefined
  if (bit === undefined) return []
  const word = viewOf(node.bytes).getBigUint64(offset, true)
  const pfn = Number((word >> BigInt(bit.shift)) & ((1n << BigInt(bit.width)) - 1n))
  const address = pfn * context.geometry.pageSize
  if (pfn === 0 || address >= ADDRESS_LIMIT) return []
  return [rangeAt(address, context.blockBytes(address) || context.geometry.pageSize)]
}

function levelsOf(node: DescribedNode, link: Link): number {
  if (link.to.kind !== 'tables') return 0
  const levels = typeof link.to.levels === 'number' ? BigInt(link.to.levels) : counterValue(node, link)
  return levels > 6n ? 6 : Number(levels)
}

function counterValue({ bytes }: DescribedNode, { counter }: Link): bigint {
  return counter === null ? 0n : numberAt(bytes, counter.offset, counter.bytes)
}

function numberAt(bytes: Uint8Array, offset: number, size: number): bigint {
  const view = viewOf(bytes)
  if (size === 8) return view.getBigUint64(offset, true)
  if (size === 4) return BigInt(view.getUint32(offset, true))
  if (size === 2) return BigInt(view.getUint16(offset, true))
  return size === 1 ? BigInt(view.getUint8(offset)) : 0n
}
