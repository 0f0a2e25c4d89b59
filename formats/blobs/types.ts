import type { FdtNode, FdtTree } from '../fdt/index.js'
import type { Fault } from '../memory/fault.js'

import type { Luo } from './luo-types.js'

import type { Gap, Vmalloc } from './memory-types.js'

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

/** What lib/test_kho.c hands over, 6.16 to 7.2. */
export interface KhoTest {
  kind: 'kho-test'
  compatible: string
  /** 0x4b484f21; null where it is missing. */
  magic: number | null
  /** Null where it is missing. */
  nrFolios: number | null
  /** Sum over the contents of all folios; see {@link checkKhoTestSum}. Null where it is missing. */
  csum: number | null
  /** `array`: in the FDT itself (6.16, 6.17). `vmalloc`: in an area (6.18 and later). Null where it is missing. */
  form: 'array' | 'vmalloc' | null
  /** The area that lists the folios, in that form. */
  vmalloc: Vmalloc | null
  folios: KhoTestFolios
  /** What the dump lacks of the list of folios; null where it is whole, or broken. */
  gap: Gap | null
}

/** The folios, as far as they could be read, in order. */
export interface KhoTestFolios {
  count: number
  /** Physical addresses; 0 where an entry is none. */
  address: Float64Array
  order: Uint16Array
}

/** Regions of reserve_mem=. include/linux/kho/abi/memblock.h, 6.16 to 7.2; inline nodes in patches v4 and v5. */
export interface Memblock {
  kind: 'memblock'
  compatible: string
  regions: MemblockRegion[]
}

/** One region. */
export interface MemblockRegion {
  /** Label of the region; a byte string. */
  name: string
  path: string
  compatible: string | null
  /** Physical address; null where it is missing or none. */
  start: number | null
  /** Bytes; null where it is missing or 2^52 or more. */
  size: number | null
}
