import { isKhoError, KhoError } from '../../../formats/error.js'
import type { ByteSource } from '../../../formats/memory/byte-source.js'
import { byteCollector } from '../byte-collector.js'
import { type DecompressOptions, tooLarge } from '../compression.js'
import { decodeBlock, newHistory } from './block.js'
import { frameOutput } from './frame-output.js'
import { damaged, type ZstdFrame, zstdBlocks, zstdFrames } from './frames.js'
import { createXxh64 } from './xxh64.js'

/** A frame that looks further back than this needs the tool, which asks for consent as well (`--long=31`). */
const MAX_WINDOW = 2 ** 28

/**
 * Decompresses zstd frames, one after the other (RFC 8878). Own code, because no pure JavaScript decoder holds for
 * memory dumps. fzstd 0.1.1 is wrong for frames of more than 256 MiB compressed, moves the whole window for every
 * block or writes a buffer that it is given out as a string, ignores checksums, and works for minutes on twenty
 * bytes that ask for it.
 */
export function unzstdSource(source: ByteSource, options: Required<DecompressOptions>): Uint8Array {
  const { name, limit } = options
  const exceeded = () => tooLarge(name, limit, 'zstd -d')
  const output = byteCollector(limit, expectedBytes(source, options), exceeded)
  unzstdTo(source, name, bytes => output.push(bytes))
  return output.bytes()
}

/**
 * What the frames of a file say that they hold; a lower bound, as a frame need not say it.
 *
 * @throws KhoError `unreadable` where their structure is damaged, `unsupported` beyond the limit
 */
export function expectedBytes(source: ByteSource, { name, limit }: Required<DecompressOptions>): number {
  let expected = 0
  for (const frame of zstdFrames(source, name)) {
    expected += frame.contentSize ?? 0
    if (expected > limit) throw tooLarge(name, limit, 'zstd -d')
  }
  return expected
}

/** The same, handed on in pieces: of the contents no more is in memory than a match can reach, some times two. */
export function unzstdTo(source: ByteSource, name: string, put: (bytes: Uint8Array) => void): void {
  for (const frame of zstdFrames(source, name)) decodeFrame(source, name, frame, put)
}

function decodeFrame(
  source: ByteSource,
  name: string,
  frame: ZstdFrame,
  put: (bytes: Uint8Array) => void,
): void {
  if (frame.windowSize > MAX_WINDOW) {
    throw new KhoError('unsupported', `${name} looks ${frame.windowSize} bytes back, more than is kept`, {
      path: name,
      hint: `unpack it and open the result: zstd -d --long=31 ${name}`,
    })
  }
  const hash = frame.checksum === null ? null : createXxh64()
  const output = frameOutput(frame.windowSize, bytes => {
    hash?.update(bytes)
    put(bytes)
  })
  const history = newHistory()
  for (const block of zstdBlocks(source, name, frame.blocksStart, frame.blockLimit)) {
    const before = output.total
    try {
      if (block.type === 'raw') output.push(source.read(block.offset, block.size))
      else if (block.type === 'rle') output.fill(source.read(block.offset, 1)[0] as number, block.size)
      else decodeBlock(source.read(block.offset, block.size), history, output)
    } catch (error) {
      if (isKhoError(error) && error.code === 'unreadable') throw damaged(name, block.offset, error.message)
      throw error
    }
    if (output.total - before > frame.blockLimit) {
      throw damaged(name, block.offset, 'a block holds more than the window')
    }
  }
  output.finish()
  if (frame.contentSize !== null && output.total !== frame.contentSize) {
    throw damaged(name, frame.offset, `${output.total} bytes came out, the header says ${frame.contentSize}`)
  }
  if (hash !== null && Number(hash.digest() & 0xffff_ffffn) !== frame.checksum) {
    throw damaged(name, frame.offset, 'the checksum of the frame is wrong')
  }
}
