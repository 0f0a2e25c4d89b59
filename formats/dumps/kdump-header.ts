import { KhoError } from '../error.js'
import { defineStruct, type StructOf } from '../layout/index.js'
import type { ByteSource } from '../memory/byte-source.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'

/** `status` of the header and `flags` of a page: how pages are compressed, and what became of the dump. */
export const KDUMP_ZLIB = 0x1
export const KDUMP_LZO = 0x2
export const KDUMP_SNAPPY = 0x4
export const KDUMP_INCOMPLETE = 0x8
export const KDUMP_ZSTD = 0x20

/** struct page_desc: { offset u64, size u32, flags u32, page_flags u64 }. */
export const PAGE_DESC_BYTES = 24

/** Where 32-bit machines have block_size: their struct timeval is half as long. */
const BLOCK_SIZE_32 = 416
const BLOCK_SIZE_64 = 428

/** As many pages as 32 TiB of 4K pages have. */
const MAX_PFNS = 2 ** 33

/** Bytes of something in the file that is not memory; `size` 0 where there is none. */
export interface KdumpExtent {
  offset: number
  size: number
}

/** What the header and the sub-header of a kdump say. */
export interface KdumpHeader {
  version: number
  /** `uname -m`, empty where the writer did not know it. */
  machine: string
  /** Flags `KDUMP_*`. */
  status: number
  /** Bytes of a page. */
  blockSize: number
  /** Page frames are below this. */
  maxPfn: number
  /** makedumpfile's `-d`; null in version 0. */
  dumpLevel: number | null
  /** The page frames whose pages are in this file of a split set; null where the dump is one file. */
  split: { start: number; end: number } | null
  vmcoreinfo: KdumpExtent
  notes: KdumpExtent
  eraseinfo: KdumpExtent
  /** File offset of the first bitmap: a bit for every page frame that is RAM. */
  ramBitmap: number
  /** File offset of the second bitmap: a bit for every page that was dumped. Files with one bitmap: the same. */
  dumpedBitmap: number
  /** File offset of the page descriptors, one for each page that was dumped (of a split set: in this file). */
  descriptors: number
  /** The bytes that files of one set have in common: all of the main header but the status. */
  identity: string
}

const SOURCE = 'makedumpfile 1.7.9, diskdump_mod.h and IMPLEMENTATION'

/** struct disk_dump_header on a 64-bit machine. */
const MAIN_HEADER = defineStruct('disk_dump_header', {
  since: 'diskdump',
  source: SOURCE,
  size: 464,
  fields: [
    { name: 'signature', type: 'bytes', offset: 0, length: 8, doc: 'KDUMP and three spaces' },
    { name: 'version', type: 'u32', offset: 8, doc: 'of the header' },
    { name: 'machine', type: 'chars', offset: 272, length: 65, doc: 'utsname machine' },
    { name: 'status', type: 'u32', offset: 424, doc: 'compression, and what became of the dump' },
    { name: 'blockSize', type: 'u32', offset: 428, doc: 'bytes of a page' },
    { name: 'subHeaderBlocks', type: 'u32', offset: 432, doc: 'blocks of the sub-header' },
    { name: 'bitmapBlocks', type: 'u32', offset: 436, doc: 'blocks of both bitmaps' },
    { name: 'maxPfn', type: 'u32', offset: 440, doc: 'page frames are below this, up to version 5' },
  ],
})

/** struct kdump_sub_header, version 6; what an earlier version has not is not looked at. */
const SUB_HEADER = defineStruct('kdump_sub_header', {
  since: 'version 1',
  source: SOURCE,
  size: 104,
  fields: [
    { name: 'dumpLevel', type: 'u32', offset: 8, doc: '-d of makedumpfile' },
    { name: 'split', type: 'u32', offset: 12, doc: '1 in a part of a split dump' },
    { name: 'startPfn', type: 'u64', offset: 16, doc: 'first page frame of this part' },
    { name: 'endPfn', type: 'u64', offset: 24, doc: 'page frame behind this part' },
    { name: 'vmcoreinfoOffset', type: 'u64', offset: 32, doc: 'in the file' },
    { name: 'vmcoreinfoSize', type: 'u64', offset: 40, doc: 'bytes' },
    { name: 'notesOffset', type: 'u64', offset: 48, doc: 'in the file' },
    { name: 'notesSize', type: 'u64', offset: 56, doc: 'bytes' },
    { name: 'eraseinfoOffset', type: 'u64', offset: 64, doc: 'in the file' },
    { name: 'eraseinfoSize', type: 'u64', offset: 72, doc: 'bytes' },
    { name: 'startPfn64', type: 'u64', offset: 80, doc: 'first page frame, since version 6' },
    { name: 'endPfn64', type: 'u64', offset: 88, doc: 'page frame behind, since version 6' },
    { name: 'maxPfn64', type: 'u64', offset: 96, doc: 'page frames are below this, since version 6' },
  ],
})

type MainHeader = StructOf<typeof MAIN_HEADER>
type SubHeader = StructOf<typeof SUB_HEADER>

/**
 * Reads the headers of a kdump, and checks that what they describe can be.
 *
 * @throws KhoError `unreadable` for headers that are cut short or contradict themselves, `unsupported` for 32-bit and
 * big-endian machines and for the diskdump format that came before.
 */
export function readKdumpHeader(source: ByteSource): KdumpHeader {
  const bytes = source.read(0, MAIN_HEADER.size)
  if (bytes.length < MAIN_HEADER.size) throw cutShort('the kdump header', 0, source)
  checkSignature(bytes)
  const main = MAIN_HEADER.read(bytes)
  checkMachine(bytes, main)
  const { version, blockSize, bitmapBlocks, subHeaderBlocks } = main
  const sub = readSubHeader(source, main)
  const maxPfn = pfn(version >= 6 && sub.maxPfn64 !== 0n ? sub.maxPfn64 : BigInt(main.maxPfn), 'max_mapnr')
  if (maxPfn > MAX_PFNS || maxPfn * blockSize > ADDRESS_LIMIT) {
    throw new KhoError('unsupported', `the dump has ${maxPfn} page frames; at most ${MAX_PFNS} are read`)
  }
  // One bitmap holds whole blocks; files of diskdump's days have only one.
  const needed = Math.ceil(maxPfn / 8 / blockSize)
  const two = bitmapBlocks >= needed * 2
  if (bitmapBlocks < needed) {
    const message = `damaged kdump header: ${bitmapBlocks} blocks of bitmap are too few for ${maxPfn} page frames`
    throw new KhoError('unreadable', message, { offset: 436 })
  }
  const ramBitmap = (1 + subHeaderBlocks) * blockSize
  const descriptors = ramBitmap + bitmapBlocks * blockSize
  const dumpedBitmap = two ? ramBitmap + (bitmapBlocks * blockSize) / 2 : ramBitmap
  if (dumpedBitmap + Math.ceil(maxPfn / 8) > source.size) {
    throw cutShort('the bitmap of dumped pages', dumpedBitmap, source)
  }
  const since = (first: number, offset: bigint, size: bigint) =>
    version >= first ? { offset: clamp(offset), size: clamp(size) } : { offset: 0, size: 0 }
  return {
    version,
    machine: main.machine,
    status: main.status,
    blockSize,
    maxPfn,
    dumpLevel: version >= 1 ? sub.dumpLevel : null,
    split: splitOf(version, sub, maxPfn),
    vmcoreinfo: since(3, sub.vmcoreinfoOffset, sub.vmcoreinfoSize),
    notes: since(4, sub.notesOffset, sub.notesSize),
    eraseinfo: since(5, sub.eraseinfoOffset, sub.eraseinfoSize),
    ramBitmap,
    dumpedBitmap,
    descriptors,
    identity: identityOf(bytes),
  }
}

function checkSignature(bytes: Uint8Array): void {
  const signature = latin1(bytes.subarray(0, 8))
  if (signature === 'KDUMP   ') return
  if (signature === 'DISKDUMP') {
    throw new KhoError('unsupported', 'this is a diskdump file, made by kernels long before KHO')
  }
  throw new KhoError('unknown-format', 'not a kdump: the signature "KDUMP   " is missing', { offset: 0 })
}

function checkMachine(bytes: Uint8Array, main: MainHeader): void {
  const { version, blockSize, subHeaderBlocks } = main
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (version > 0xffff && view.getUint32(8) <= 0xffff) {
    throw new KhoError(
      'unsupported',
      'this kdump is big-endian; every machine that can enable KHO is little-endian',
      { offset: 8 },
    )
  }
  if (isPageSize(blockSize) && subHeaderBlocks > 0 && subHeaderBlocks <= 0xffff) return
  if (isPageSize(view.getUint32(BLOCK_SIZE_32, true))) {
    throw new KhoError(
      'unsupported',
      'this kdump is of a 32-bit machine, and KHO exists on 64-bit machines only',
      { offset: BLOCK_SIZE_32 },
    )
  }
  const message = `damaged kdump header: pages of ${blockSize} bytes, ${subHeaderBlocks} blocks of sub-header`
  throw new KhoError('unreadable', message, { offset: BLOCK_SIZE_64 })
}

/** QEMU writes the largest page size that a machine can have, kernels their own. */
function isPageSize(size: number): boolean {
  return size === 4096 || size === 8192 || size === 16384 || size === 32768 || size === 65536
}

function readSubHeader(source: ByteSource, { blockSize }: MainHeader): SubHeader {
  const bytes = source.read(blockSize, SUB_HEADER.size)
  if (bytes.length < SUB_HEADER.size) throw cutShort('the sub-header', blockSize, source)
  return SUB_HEADER.read(bytes)
}

function splitOf(version: number, sub: SubHeader, maxPfn: number): { start: number; end: number } | null {
  if (version < 2 || sub.split === 0) return null
  const wide = version >= 6 && sub.endPfn64 !== 0n
  const start = pfn(wide ? sub.startPfn64 : sub.startPfn, 'start_pfn')
  const end = Math.min(pfn(wide ? sub.endPfn64 : sub.endPfn, 'end_pfn'), maxPfn)
  if (start <= end) return { start, end }
  const message = `damaged kdump header: this part begins at page frame ${hex(start)} and ends at ${hex(end)}`
  throw new KhoError('unreadable', message)
}

function pfn(value: bigint, what: string): number {
  if (value < BigInt(ADDRESS_LIMIT)) return Number(value)
  throw new KhoError('unreadable', `damaged kdump header: ${what} is ${hex(value)}`)
}

/** Nonsense stays nonsense: beyond the end of every file. */
function clamp(value: bigint): number {
  return value < BigInt(ADDRESS_LIMIT) ? Number(value) : ADDRESS_LIMIT
}

/** makedumpfile --reassemble compares the whole header; the status tells which part ran out of space. */
function identityOf(bytes: Uint8Array): string {
  return latin1(bytes.subarray(0, 424)) + latin1(bytes.subarray(BLOCK_SIZE_64, MAIN_HEADER.size))
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

function cutShort(what: string, offset: number, source: ByteSource): KhoError {
  const message = `${what} at file offset ${hex(offset)} is cut short: the file ends at ${hex(source.size)}`
  return new KhoError('unreadable', message, { offset })
}
