export type { Allocation, PageAllocator } from './allocator.js'
export { type BlobInput, blobPath, decodeBlob } from './decode.js'
export {
  FD_STORE_SESSION,
  FD_STORE_TOKEN,
  type FdStore,
  type FdStoreEntry,
  parseFdStore,
} from './fd-store.js'
export { encodeMemblock, type RegionSpec, writeMemblock, writeReserveMemV4 } from './fdt-encode.js'
export { encodeKexecMetadata } from './kexec-metadata.js'
export { blockCapacity, encodeBlocks, type KhoBlock } from './kho-block.js'
export type { KhoTest, KhoTestFolios } from './kho-test.js'
export { encodeKhoTest, type KhoTestSpec } from './kho-test-encode.js'
export { addFoldedSum, checkKhoTestSum, csumPartial, sumFolios } from './kho-test-sum.js'
export type { Luo } from './luo.js'
export { encodeLuo, type FileSpec, type FlbSpec, type LuoSpec, type SessionSpec } from './luo-encode.js'
export type { LuoFile } from './luo-file.js'
export { flbCapacity, type LuoFlb, type LuoFlbs } from './luo-flb.js'
export { blankSessions, type LuoFeatures } from './luo-forms.js'
export type { LuoSession } from './luo-session.js'
export type { Memblock, MemblockRegion } from './memblock.js'
export { type Memfd, memfdVersion } from './memfd.js'
export { checkMemfdFolios } from './memfd-check.js'
export { encodeFolioList, encodeMemfd, type MemfdSpec } from './memfd-encode.js'
export { folioIndex, folioPfn } from './memfd-folio.js'
export { folioNumber, type MemfdFolios, type MissingFolios, readMemfdFolios } from './memfd-folios.js'
export type {
  Blob,
  BlobFormat,
  BlobValue,
  Bytes,
  FdtBlob,
  Gap,
  InlineNode,
  KexecMetadata,
  MemArea,
} from './types.js'
export { chunkEntries, type Vmalloc } from './vmalloc.js'
export { encodeVmalloc, NO_VMALLOC, storeVmalloc, type VmallocDescriptor } from './vmalloc-encode.js'
export { type VmallocPiece, vmallocPieces } from './vmalloc-read.js'
