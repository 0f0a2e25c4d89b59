import type { Range } from '../memory/range.js'
import { u64, viewOf } from '../memory/u64.js'
import { PAGE_DESC_BYTES } from './kdump-header.js'
import {
  type Codecs,
  createPageCache,
  decompressHead,
  decompressPage,
  descriptorSource,
  type KdumpFile,
  type PageDescriptor,
  readPageData,
} from './kdump-pages.js'

/** Descriptors of one read. */
const CHUNK = 4096

/** Pages whose data is met a second time (mostly the one page of zeros) are kept, so many of them. */
const KEPT_PAGES = 256

/** A gap in the file that is read over rather than skipped. */
const READ_OVER = 2 ** 18

/** The descriptor at hand in a pass over a file. */
export interface DescriptorCursor extends PageDescriptor {
  pfn: number
}

/**
 * A pass over the pages of a file in the order of their addresses, or of those between two page frames. One object, changed by
 * each step.
 */
export function descriptorCursor(
  file: KdumpFile,
  { start, end }: Range = file,
): { at: DescriptorCursor; step(): boolean } {
  const { dumped, header } = file
  const source = descriptorSource(file)
  const at: DescriptorCursor = { pfn: -1, offset: 0, size: 0, flags: 0 }
  const from = Math.max(file.start, start)
  const to = Math.min(file.end, end)
  let rank = dumped.rank(from)
  let next = dumped.next(from)
  let view = viewOf(new Uint8Array(0))
  let index = 0

  function step(): boolean {
    if (next >= to) return false
    if ((index + 1) * PAGE_DESC_BYTES > view.byteLength) {
      const start = header.descriptors + (rank - file.firstRank) * PAGE_DESC_BYTES
      view = viewOf(source.read(start, Math.min(CHUNK, to - next) * PAGE_DESC_BYTES))
      index = 0
      if (view.byteLength < PAGE_DESC_BYTES) return false
    }
    const offset = index++ * PAGE_DESC_BYTES
    at.pfn = next
    at.offset = u64(view, offset)
    at.size = view.getUint32(offset + 8, true)
    at.flags = view.getUint32(offset + 12, true)
    rank++
    next = dumped.next(next + 1)
    return true
  }
  return { at, step }
}

/** Reads the pages of a file in a pass: whole ones, or their first bytes. */
export interface PassReader {
  /** The bytes of the page, valid until the next call; null where it cannot be had. */
  read(descriptor: PageDescriptor): Uint8Array | null
}

/** Reads whole pages. */
export function wholePages(file: KdumpFile, codecs: Codecs): PassReader {
  return passReader(file, file.header.blockSize, (data, descriptor, output) =>
    decompressPage(codecs, data, descriptor, output),
  )
}

/** Reads the first `length` bytes of pages, and decompresses no more where the codec allows that. */
export function pageHeads(file: KdumpFile, codecs: Codecs, length: number): PassReader {
  const page = new Uint8Array(file.header.blockSize)
  return passReader(file, length, (data, descriptor, output) => {
    const done = decompressHead(data, descriptor, output)
    if (done !== null) return done
    if (!decompressPage(codecs, data, descriptor, page)) return false
    output.set(page.subarray(0, output.length))
    return true
  })
}

function passReader(
  file: KdumpFile,
  length: number,
  unpack: (data: Uint8Array, descriptor: PageDescriptor, output: Uint8Array) => boolean,
): PassReader {
  const output = new Uint8Array(length)
  const kept = createPageCache(KEPT_PAGES)
  let reached = 0
  return {
    read(descriptor) {
      const { offset, size } = descriptor
      const again = offset < reached
      const known = again ? kept.get(offset) : undefined
      if (known !== undefined) return known
      const sequential = !again && offset - reached <= READ_OVER
      const data = readPageData(file, descriptor, sequential)
      if (typeof data === 'string' || !unpack(data, descriptor, output)) return null
      if (again) kept.put(offset, output.slice())
      else reached = offset + size
      return output
    },
  }
}
