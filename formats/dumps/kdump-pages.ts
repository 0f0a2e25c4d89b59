import { isKhoError, KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import type { Absence } from '../memory/fault.js'
import { u64, viewOf } from '../memory/u64.js'
import type { KdumpBitmap } from './kdump-bitmap.js'
import {
  KDUMP_LZO,
  KDUMP_SNAPPY,
  KDUMP_ZLIB,
  KDUMP_ZSTD,
  type KdumpHeader,
  PAGE_DESC_BYTES,
} from './kdump-header.js'
import { inflateHead } from './kdump-inflate-head.js'
import { snappyDecompress } from './kdump-snappy.js'
import { lzoDecompress } from './lzo.js'

/** Decompressors that are handed in; the others are in this package. */
export interface Codecs {
  /** All of `input`, at most `size` bytes. Throws anything on damaged data. */
  zlib?(input: Uint8Array, size: number): Uint8Array
  zstd?(input: Uint8Array, size: number): Uint8Array
}

/** A file, and the same with zeros for what a flattened file lacks that is cut short: a descriptor of 0 is none. */
export type KdumpSource = ByteSource & { zeroed?: ByteSource }

/** One file of a dump: its headers, which pages it has, and where. */
export interface KdumpFile {
  source: KdumpSource
  header: KdumpHeader
  dumped: KdumpBitmap
  /** Page frames whose pages are in this file: those of them that are set in `dumped`. */
  start: number
  end: number
  /** Rank of the page that the first descriptor belongs to. */
  firstRank: number
}

/** Writers store a page plain when its codec makes it larger; one that does not is read all the same. */
const MAX_EXPANSION = 2

/** Where a page's data lies, and how. */
export interface PageDescriptor {
  offset: number
  size: number
  flags: number
}

/** Reads the descriptor at `at` in bytes that were read. */
export function parseDescriptor(view: DataView, at: number): PageDescriptor {
  return { offset: u64(view, at), size: view.getUint32(at + 8, true), flags: view.getUint32(at + 12, true) }
}

/** Where descriptors are read from. */
export function descriptorSource({ source }: KdumpFile): ByteSource {
  return source.zeroed ?? source
}

/** Reads the descriptor of the page of that rank; null where the file ends before it. */
export function readDescriptor(file: KdumpFile, rank: number): PageDescriptor | null {
  const offset = file.header.descriptors + (rank - file.firstRank) * PAGE_DESC_BYTES
  const bytes = descriptorSource(file).read(offset, PAGE_DESC_BYTES)
  return bytes.length < PAGE_DESC_BYTES ? null : parseDescriptor(viewOf(bytes), 0)
}

/**
 * The data of a page as it lies in the file. An incomplete dump has descriptors that were never written: zeros, and no
 * page has its data at offset 0.
 */
export function readPageData(
  file: KdumpFile,
  descriptor: PageDescriptor,
  reuse: boolean,
): Uint8Array | Absence {
  const { offset, size } = descriptor
  if (offset === 0) return 'truncated'
  if (size === 0 || size > file.header.blockSize * MAX_EXPANSION) return 'unreadable'
  if (offset + size > file.source.size) return 'truncated'
  const bytes = file.source.read(offset, size, reuse)
  return bytes.length < size ? 'truncated' : bytes
}

/** Decompresses a page into `output`, which has its size. False where the data is damaged or its codec is not there. */
export function decompressPage(
  codecs: Codecs,
  data: Uint8Array,
  { flags }: PageDescriptor,
  output: Uint8Array,
): boolean {
  return safely(() => {
    switch (codecOf(flags)) {
      case 0:
        return copy(data, output)
      case KDUMP_ZLIB:
        return codecs.zlib !== undefined && copy(codecs.zlib(data, output.length), output)
      case KDUMP_LZO:
        return lzoDecompress(data, output) === output.length
      case KDUMP_SNAPPY:
        return snappyDecompress(data, output) === output.length
      case KDUMP_ZSTD:
        return codecs.zstd !== undefined && copy(codecs.zstd(data, output.length), output)
      default:
        return false
    }
  })
}

/**
 * Decompresses the beginning of a page into `output`, and no more of it than the codec must. Null for zstd, which has
 * no beginning that is cheaper than all of a page.
 */
export function decompressHead(
  data: Uint8Array,
  { flags }: PageDescriptor,
  output: Uint8Array,
): boolean | null {
  if (codecOf(flags) === KDUMP_ZSTD) return null
  return safely(() => {
    switch (codecOf(flags)) {
      case 0:
        return copy(data.subarray(0, output.length), output)
      case KDUMP_ZLIB:
        return inflateHead(data, output) === output.length
      case KDUMP_LZO:
        return lzoDecompress(data, output, true) === output.length
      case KDUMP_SNAPPY:
        return snappyDecompress(data, output, true) === output.length
      default:
        return false
    }
  })
}

/** Of a page's flags only those that name a codec, 0 for plain bytes. Two of them at once are no codec. */
export function codecOf(flags: number): number {
  return flags & (KDUMP_ZLIB | KDUMP_LZO | KDUMP_SNAPPY | KDUMP_ZSTD)
}

function copy(from: Uint8Array, to: Uint8Array): boolean {
  if (from.length !== to.length) return false
  to.set(from)
  return true
}

/** Codecs that are handed in throw errors of their own kinds on damaged data. */
function safely(work: () => boolean): boolean {
  try {
    return work()
  } catch (error) {
    if (isKhoError(error) && error.code === 'usage') throw error
    return false
  }
}

/** Pages of a file by their data's offset, which identical pages share. The least recently used goes first. */
export interface PageCache {
  get(offset: number): Uint8Array | undefined
  put(offset: number, page: Uint8Array): void
}

/** A cache for `capacity` pages. */
export function createPageCache(capacity: number): PageCache {
  const pages = new Map<number, Uint8Array>()
  return {
    get(offset) {
      const page = pages.get(offset)
      if (page === undefined) return undefined
      // Last in the map: the first key is the one that was not used for longest.
      pages.delete(offset)
      pages.set(offset, page)
      return page
    },
    put(offset, page) {
      if (pages.size >= capacity) pages.delete(pages.keys().next().value as number)
      pages.set(offset, page)
    },
  }
}

/** Allocates for a caller who asked for too much as who asks for nonsense. */
export function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch {
    throw new KhoError('usage', `${length} bytes in one piece do not fit in memory`)
  }
}
