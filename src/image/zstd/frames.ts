import { KhoError } from '../../../formats/error.js'
import type { ByteSource } from '../../../formats/memory/byte-source.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { MAX_BLOCK_BYTES } from './sequences.js'

/** One zstd frame with data, found by walking its block headers without decoding (RFC 8878, 3.1.1). */
export interface ZstdFrame {
  /** Offset of the magic. */
  offset: number
  /** Offset after the frame. */
  end: number
  /** Offset of the first block's header. */
  blocksStart: number
  /** Most bytes of a block. */
  blockLimit: number
  /** How far back a match may reach, at most. */
  windowSize: number
  /** What the header says the contents are long, or null where it does not. */
  contentSize: number | null
  /** Low 32 bits of XXH64 of the contents, or null. */
  checksum: number | null
}

/** One block of a frame. */
export interface ZstdBlock {
  type: 'raw' | 'rle' | 'compressed'
  /** Offset of what follows the header. */
  offset: number
  /** Bytes: of the contents for `raw` and `rle`, in the file for `compressed`. */
  size: number
  /** Offset after the block. */
  end: number
}

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const BLOCK_TYPES = ['raw', 'rle', 'compressed'] as const

/** Longest frame header, magic included. */
const MAX_HEADER_BYTES = 18

/**
 * Walks the frames of a file; skippable frames are skipped.
 *
 * @throws KhoError `unreadable` where the structure is damaged or cut short, or promises more than it can hold.
 */
export function* zstdFrames(source: ByteSource, name: string): Generator<ZstdFrame> {
  let offset = 0
  while (offset < source.size) {
    const head = source.read(offset, MAX_HEADER_BYTES)
    if (head.length < 8) throw damaged(name, offset, 'it ends inside a frame header')
    const view = viewOf(head)
    const magic = view.getUint32(0, true)
    if (Math.floor(magic / 16) === SKIPPABLE_MAGIC / 16) {
      offset += 8 + view.getUint32(4, true)
      if (offset > source.size) throw damaged(name, source.size, 'it ends inside a skippable frame')
      continue
    }
    if (magic !== FRAME_MAGIC) throw damaged(name, offset, 'no frame begins there')
    const frame = walkFrame(source, name, offset, head)
    yield frame
    offset = frame.end
  }
}

function walkFrame(source: ByteSource, name: string, offset: number, head: Uint8Array): ZstdFrame {
  const { contentSize, windowSize, hasChecksum, length } = readHeader(name, offset, head)
  const blockLimit = Math.min(MAX_BLOCK_BYTES, windowSize)
  const blocksStart = offset + length
  let end = blocksStart
  let mostBytes = 0
  for (const block of zstdBlocks(source, name, blocksStart, blockLimit)) {
    mostBytes += block.type === 'compressed' ? blockLimit : block.size
    end = block.end
  }
  if (contentSize !== null && contentSize > mostBytes) {
    throw damaged(
      name,
      offset,
      `its header promises ${contentSize} bytes, its blocks hold ${mostBytes} at most`,
    )
  }
  let checksum: number | null = null
  if (hasChecksum) {
    const bytes = source.read(end, 4)
    if (bytes.length < 4) throw damaged(name, end, 'it ends before the checksum')
    checksum = viewOf(bytes).getUint32(0, true)
    end += 4
  }
  return {
    offset,
    end,
    blocksStart,
    blockLimit,
    windowSize: Math.min(windowSize, mostBytes),
    contentSize,
    checksum,
  }
}

/**
 * Walks the blocks of a frame.
 *
 * @throws KhoError `unreadable` where a block is none or goes beyond the end of the file.
 */
export function* zstdBlocks(
  source: ByteSource,
  name: string,
  start: number,
  limit: number,
): Generator<ZstdBlock> {
  let at = start
  for (let last = false; !last; ) {
    const bytes = source.read(at, 3)
    if (bytes.length < 3) throw damaged(name, at, 'it ends before a block')
    const header = bytes[0]! + bytes[1]! * 0x100 + bytes[2]! * 0x10000
    last = header % 2 === 1
    const type = BLOCK_TYPES[(header >> 1) & 3]
    const size = header >> 3
    if (type === undefined || size > limit) throw damaged(name, at, 'a block header makes no sense')
    const offset = at + 3
    at = offset + (type === 'rle' ? 1 : size)
    if (at > source.size) throw damaged(name, source.size, 'it ends inside a block')
    yield { type, offset, size, end: at }
  }
}

interface Header {
  contentSize: number | null
  windowSize: number
  hasChecksum: boolean
  length: number
}

function readHeader(name: string, offset: number, head: Uint8Array): Header {
  const view = viewOf(head)
  const descriptor = head[4]!
  const single = (descriptor & 0x20) !== 0
  if ((descriptor & 8) !== 0) throw damaged(name, offset, 'a reserved bit of the frame header is set')
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number
  const sizeAt = 5 + (single ? 0 : 1) + dictionaryBytes
  const length = sizeAt + sizeBytes
  if (head.length < length) throw damaged(name, offset, 'it ends inside a frame header')
  if (head.subarray(sizeAt - dictionaryBytes, sizeAt).some(byte => byte !== 0)) {
    throw new KhoError('unsupported', `${name} was compressed with a dictionary`, {
      path: name,
      hint: `unpack it and open the result: zstd -d -D DICTIONARY ${name}`,
    })
  }
  const contentSize = readContentSize(view, sizeAt, sizeBytes)
  const windowSize = single ? (contentSize as number) : readWindow(head[5]!)
  return { contentSize, windowSize, hasChecksum: (descriptor & 4) !== 0, length }
}

function readContentSize(view: DataView, at: number, bytes: number): number | null {
  if (bytes === 0) return null
  if (bytes === 1) return view.getUint8(at)
  if (bytes === 2) return view.getUint16(at, true) + 256
  return bytes === 4 ? view.getUint32(at, true) : u64(view, at)
}

/** RFC 8878, 3.1.1.1.2. */
function readWindow(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** The error for damaged data, with the file's name and the place. */
export function damaged(name: string, offset: number, what: string): KhoError {
  const message = `${name}: damaged zstd data at offset ${offset}: ${what}`
  return new KhoError('unreadable', message, { path: name, offset })
}
