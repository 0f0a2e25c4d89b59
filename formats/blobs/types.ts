import type { FdtNode, FdtTree } from '../fdt/index.js'
import type { Absence, Fault } from '../memory/fault.js'
import type { KhoTest } from './kho-test.js'
import type { Luo } from './luo.js'
import type { Memblock } from './memblock.js'
import type { Vmalloc } from './vmalloc.js'

/** Where a list stops being known: the dump lacks the bytes that say how it goes on. */
export interface Gap {
  /** Physical address of the structure that is not there. */
  address: number
  reason: Absence
}

/** What kernels 7.1 and later say of themselves. */
export interface KexecMetadata {
  kind: 'kexec-metadata'
  version: number
  /** utsname release of the kernel that handed over; a byte string. */
  previousRelease: string
  /** Kexecs since the cold boot, the one at hand included. */
  kexecCount: number
}

/** A flattened device tree that no decoder knows more about. */
export interface FdtBlob {
  kind: 'fdt'
  /** First string of the root's `compatible`, null where there is none. */
  compatible: string | null
  tree: FdtTree
}

/** A node of the early series, which keeps its data in the root FDT. */
export interface InlineNode {
  kind: 'node'
  compatible: string | null
  node: FdtNode
  /** Every entry of every `mem` property in the node and below it. */
  areas: MemArea[]
}

/** One struct kho_mem of a `mem` property. */
export interface MemArea {
  /** Path of the entry. */
  path: string
  /** Physical address; null where the u64 is none. */
  start: number | null
  /** Bytes; null where the u64 is 2^53 or more. */
  size: number | null
}

/** Bytes that no decoder knows. They are read from memory, at the blob's address. */
export interface Bytes {
  kind: 'bytes'
}

/** What a blob holds. */
export type BlobValue = KexecMetadata | Memblock | KhoTest | Luo | Vmalloc | FdtBlob | InlineNode | Bytes

/**
 * How a blob is written: a structure with its version, or what its bytes are where no decoder knows them. `node` is
 * a node of the early series, with its data in the root FDT.
 */
export type BlobFormat =
  | 'luo-v5'
  | 'luo-parts'
  | 'luo-features'
  | 'luo-v1'
  | 'memblock-v1'
  | 'reserve_mem-v1'
  | 'kho-test-v1'
  | 'kexec-metadata-1'
  | 'vmalloc'
  | 'fdt'
  | 'node'
  | 'bytes'

/** What one child of the root FDT hands over, decoded as far as it is known. */
export interface Blob {
  /** Name of the child; a byte string. */
  name: string
  /** `luo`, `memblock`, `kho_test`, `kexec-metadata`, or `blobs/<name>`. */
  path: string
  /** Physical address; null for a node whose data is in the root FDT. */
  address: number | null
  /** Bytes: what `blob-size` says, else what the blob's own header does; null where neither is known. */
  size: number | null
  format: BlobFormat
  /** Null where the dump lacks the blob. */
  value: BlobValue | null
  faults: Fault[]
}
