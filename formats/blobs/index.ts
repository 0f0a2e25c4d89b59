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
export { blockCapacity, encodeBlocks } from './kho-block.js'
export { encodeKhoTest, type KhoTestSpec } from './kho-test-encode.js'
export { addFoldedSum, checkKhoTestSum, csumPartial, sumFolios } from './kho-test-sum.js'
export { encodeLuo, type FileSpec, type FlbSpec, type LuoSpec, type SessionSpec } from './luo-encode.js'
export { flbCapacity } from './luo-flb.js'
export { blankSessions } from './luo-forms.js'
export type { KhoBlock, Luo, LuoFeatures, LuoFile, LuoFlb, LuoFlbs, LuoSession } from './luo-types.js'
export { memfdVersion } from './memfd.js'
export { checkMemfdFolios } from './memfd-check.js'
export { encodeFolioList, encodeMemfd, type MemfdSpec } from './memfd-encode.js'
export { folioIndex, folioPfn } from './memfd-folio.js'
export { folioNumber, type MemfdFolios, type MissingFolios, readMemfdFolios } from './memfd-folios.js'
export type { Gap, Memfd, Vmalloc } from './memory-types.js'
export type {
  Blob,
  BlobFormat,
  BlobValue,
  Bytes,
  FdtBlob,
  InlineNode,
  KexecMetadata,
  KhoTest,
  KhoTestFolios,
  MemArea,
  Memblock,
  MemblockRegion,
} from './types.js'
export { chunkEntries } from './vmalloc.js'
export { encodeVmalloc, NO_VMALLOC, storeVmalloc, type VmallocDescriptor } from './vmalloc-encode.js'
export { type VmallocPiece, vmallocPieces } from './vmalloc-read.js'
