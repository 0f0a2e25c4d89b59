import { isKhoError } from '../../../formats/error.js'
import type { ByteSource } from '../../../formats/memory/byte-source.js'
import { type ByteCollector, byteCollector } from '../byte-collector.js'
import { type DecompressOptions, tooLarge } from '../compression.js'
import { decodeBlock, newHistory } from './block.js'
import { damaged, type ZstdFrame, zstdBlocks, zstdFrames } from './frames.js'
import { xxh64 } from './xxh64.js'

/**
 * Decompresses zstd frames, one after the other (RFC 8878). Own code, because no pure JavaScript decoder holds for
 * memory dumps. fzstd 0.1.1 is wrong for frames of more than 256 MiB compressed, moves the whole window for every
 * block or writes a buffer that it is given out as a string, ignores checksums, and works for minutes on twenty
 * bytes that ask for it.
 *
 * @returns the contents; of the source no more than a block is in memory at a time.
 */
export function unzstdSource(source: ByteSource, options: Required<DecompressOptions>): Uint8Array {
  const { name, limit } = options
  const exceeded = () => tooLarge(name, limit, 'zstd -d')
  let expected = 0
  for (const frame of zstdFrames(source, name)) {
    expected += frame.contentSize ?? 0
    if (expected > limit) throw exceeded()
  }
  const output = byteCollector(limit, expected, exceeded)
  for (const frame of zstdFrames(source, name)) decodeFrame(source, name, frame, output)
  return output.bytes()
}

function decodeFrame(source: ByteSource, name: string, frame: ZstdFrame, output: ByteCollector): void {
  const start = output.length
  const history = newHistory()
  for (const block of zstdBlocks(source, name, frame.blocksStart, frame.blockLimit)) {
    const before = output.length
    try {
      if (block.type === 'raw') output.push(source.read(block.offset, block.size))
      else if (block.type === 'rle') output.fill(source.read(block.offset, 1)[0] as number, block.size)
      else decodeBlock(source.read(block.offset, block.size), history, output, start)
    } catch (error) {
      if (isKhoError(error) && error.code === 'unreadable') throw damaged(name, block.offset, error.message)
      throw error
    }
    if (output.length - before > frame.blockLimit) {
      throw damaged(name, block.offset, 'a block holds more than the window')
    }
  }
  const bytes = output.bytes().subarray(start)
  if (frame.contentSize !== null && bytes.length !== frame.contentSize) {
    throw damaged(name, frame.offset, `${bytes.length} bytes came out, the header says ${frame.contentSize}`)
  }
  if (frame.checksum !== null && Number(xxh64(bytes) & 0xffff_ffffn) !== frame.checksum) {
    throw damaged(name, frame.offset, 'the checksum of the frame is wrong')
  }
}
