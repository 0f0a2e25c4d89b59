import type { FdtNode } from '../fdt/index.js'
import { encodeSegment, KHO_VMALLOC } from '../layout/index.js'
import { ADDRESS_LIMIT, type Geometry } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { u64, viewOf } from '../memory/u64.js'
import { type BlobContext, createContext, readBytes } from './context.js'
import { isFdt, readFdtBlob } from './fdt-blob.js'
import { decodeInlineNode } from './inline-node.js'
import { decodeKexecMetadata } from './kexec-metadata.js'
import { decodeKhoTest } from './kho-test.js'
import { decodeLuo } from './luo.js'
import { decodeMemblock, RESERVE_MEM_V4_COMPATIBLE } from './memblock.js'
import type { Blob } from './types.js'
import { decodeVmalloc } from './vmalloc.js'

/** What {@link decodeBlob} needs to know of a child of the root FDT. */
export interface BlobInput {
  /** Name of the child. */
  name: string
  /** What its property points to; null where its data is in the node itself. */
  address: number | null
  /** What `blob-size` says; null where there is none (before 7.1). */
  size: number | null
  geometry: Geometry
  /** The child, where its data is in it: the early series. */
  inlineNode?: FdtNode
}

/** Names of children whose blobs have a path of their own. */
const PATHS: Record<string, string> = {
  LUO: 'luo',
  memblock: 'memblock',
  kho_test: 'kho_test',
  'kexec-metadata': 'kexec-metadata',
}

/** Names of children that can be memblock's, of all series. */
export const MEMBLOCK_NAMES: readonly string[] = ['memblock', 'reserve_mem']

/** Order of a 1 GiB page of 4K pages, the largest that vmalloc maps. */
const MOST_ORDER = 18

/** Path of the blob of the child with that name. An empty name has none: then `blobs/#0`. */
export function blobPath(name: string): string {
  return Object.hasOwn(PATHS, name) ? PATHS[name]! : `blobs/${encodeSegment(name === '' ? 0 : name)}`
}

/** Decodes what one child of the root FDT hands over, as far as it is known. Never throws on bad data. */
export function decodeBlob(memory: PhysicalMemory, input: BlobInput): Blob {
  const context = createContext(memory, input.geometry)
  const { name, address, size } = input
  const path = blobPath(name)
  const blob: Blob = { name, path, address, size, format: 'bytes', value: null, faults: [] }
  if (input.inlineNode !== undefined) decodeNode(context, blob, input.inlineNode)
  else if (address !== null) decodeAt(context, blob, address)
  blob.faults = context.faults()
  return blob
}

function decodeNode(context: BlobContext, blob: Blob, node: FdtNode): void {
  blob.format = 'node'
  if (MEMBLOCK_NAMES.includes(blob.name)) {
    const memblock = decodeMemblock(context, node, null, blob.path)
    if (memblock !== null) {
      blob.format = memblock.compatible === RESERVE_MEM_V4_COMPATIBLE ? 'reserve_mem-v1' : 'memblock-v1'
      blob.value = memblock
      return
    }
  }
  blob.value = decodeInlineNode(context, node, blob.path)
}

function decodeAt(context: BlobContext, blob: Blob, address: number): void {
  switch (blob.name) {
    case 'LUO':
      decodeLuo(context, blob, address)
      break
    case 'memblock': {
      const tree = readFdtBlob(context, blob, address)?.tree
      const memblock = tree && decodeMemblock(context, tree.root, address, blob.path)
      if (memblock) {
        blob.format = 'memblock-v1'
        blob.value = memblock
      }
      break
    }
    case 'kho_test': {
      const tree = readFdtBlob(context, blob, address)?.tree
      const test = tree && decodeKhoTest(context, tree, address, blob.path)
      if (test) {
        blob.format = 'kho-test-v1'
        blob.value = test
      }
      break
    }
    case 'kexec-metadata':
      decodeKexecMetadata(context, blob, address)
      break
    default:
      decodeUnknown(context, blob, address)
  }
  // A known name over bytes that are something else: still bytes, where there are any.
  if (blob.value === null && context.memory.read(address, 1).ok) blob.value = { kind: 'bytes' }
}

/** A blob that no decoder is registered for: an FDT, a vmalloc descriptor, or bytes. */
function decodeUnknown(context: BlobContext, blob: Blob, address: number): void {
  if (isFdt(context, address)) {
    readFdtBlob(context, blob, address)
    return
  }
  if (!hasEnds(context, blob, address)) return
  if (looksLikeVmalloc(context, blob, address)) {
    const read = context.memory.read(address, KHO_VMALLOC.size)
    if (!read.ok) return
    blob.format = 'vmalloc'
    blob.value = decodeVmalloc(context, read.bytes, 0, address, blob.path)
    blob.size ??= KHO_VMALLOC.size
    return
  }
  blob.value = { kind: 'bytes' }
}

/** True where the dump has the blob's first byte and its last; a blob can be too large to be read just to know that it is there. */
function hasEnds(context: BlobContext, blob: Blob, address: number): boolean {
  const last = address + Math.max(blob.size ?? 1, 1) - 1
  return [address, last].every(at => readBytes(context, 'BLOB-ABSENT', 'blob', at, 1, blob.path) !== null)
}

/**
 * A struct kho_vmalloc says nothing of itself. Taken for one: 16 bytes that begin with the address of a page and end
 * with an order that exists; where nothing says how long the blob is, that page must look like a chunk too. One that
 * is broken in either place is told by the rest: the flags that the kernel always writes, and a page of zeros behind.
 */
function looksLikeVmalloc(context: BlobContext, blob: Blob, address: number): boolean {
  const { memory, geometry } = context
  if (blob.size !== null && blob.size !== KHO_VMALLOC.size) return false
  const read = memory.read(address, KHO_VMALLOC.size)
  if (!read.ok) return false
  const { first, totalPages, flags, order } = KHO_VMALLOC.read(read.bytes)
  const firstOk = first !== null && isPage(first, geometry)
  const orderOk = order <= MOST_ORDER
  const flagsOk = flags >= 1 && flags <= KNOWN_FLAGS && totalPages < MOST_PAGES
  if (firstOk && orderOk && (blob.size !== null || beginsChunk(context, first))) return true
  const unseen = firstOk && isAbsent(context, first)
  if (unseen && orderOk && totalPages > 0 && zerosBehind(context, blob, address)) return true
  return flagsOk && (firstOk || (orderOk && totalPages > 0)) && zerosBehind(context, blob, address)
}

/** VM_ALLOC and VM_ALLOW_HUGE_VMAP in KHO's numbering, and more pages than any area has. */
const KNOWN_FLAGS = 3
const MOST_PAGES = 2 ** 28

function isPage(value: number, geometry: Geometry): boolean {
  return value > 0 && value < ADDRESS_LIMIT && value % geometry.pageSize === 0
}

function beginsChunk({ memory, geometry }: BlobContext, address: number): boolean {
  const chunk = memory.read(address, geometry.pageSize)
  if (!chunk.ok) return false
  const view = viewOf(chunk.bytes)
  const next = u64(view, 0)
  return (next === 0 || isPage(next, geometry)) && isPage(u64(view, 8), geometry)
}

/** True for memory that there is, and that the dump lacks. */
function isAbsent({ memory }: BlobContext, address: number): boolean {
  const read = memory.read(address, 1)
  return !read.ok && read.reason !== 'outside'
}

/** A descriptor that is a blob of its own lies alone in its zeroed page; a stated length says as much. */
function zerosBehind({ memory, geometry }: BlobContext, blob: Blob, address: number): boolean {
  if (blob.size !== null) return true
  const end = (Math.floor(address / geometry.pageSize) + 1) * geometry.pageSize
  const rest = memory.read(address + KHO_VMALLOC.size, end - address - KHO_VMALLOC.size)
  return rest.ok && rest.bytes.every(byte => byte === 0)
}
