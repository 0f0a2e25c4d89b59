import { isKhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import type { Absence } from '../memory/fault.js'
import {
  type Absent,
  type Block,
  checkRequest,
  type MemoryParts,
  type PhysicalMemory,
  type Present,
} from '../memory/physical-memory.js'
import type { Range } from '../memory/range.js'
import type { KdumpBitmap } from './kdump-bitmap.js'
import {
  allocate,
  type Codecs,
  codecOf,
  createPageCache,
  decompressPage,
  type KdumpFile,
  type PageDescriptor,
  readDescriptor,
  readPageData,
} from './kdump-pages.js'
import { descriptorCursor, type PassReader, pageHeads, wholePages } from './kdump-scan.js'

/** What a set of files knows of memory. */
export interface KdumpLayout {
  /** Sorted by `start`, disjoint. */
  files: readonly KdumpFile[]
  /** The one that file offsets are about. */
  source: ByteSource
  /** A bit for every page frame that is RAM. */
  ram: KdumpBitmap
  ranges: readonly Range[]
  blockSize: number
  inputSize: number
  /** Pages that are in the files. */
  pages: number
}

/** Bytes of decompressed pages that are kept. */
const CACHE_BYTES = 2 ** 23

/** Longest block of a sequential pass. */
const BLOCK_BYTES = 2 ** 18

/** As much of a page as tells what begins there. */
const HEAD_BYTES = 64

/** FDTs are looked for at multiples of this: in larger pages one may begin inside. */
const STRIDE = 4096

/** A physical memory over compressed pages, of which only those are decompressed that are looked at. */
export function kdumpMemory(layout: KdumpLayout, codecs: Codecs): PhysicalMemory {
  const { files, source, ram, blockSize } = layout
  const caches = files.map(() =>
    createPageCache(Math.max(16, Math.floor(CACHE_BYTES / blockSize / files.length))),
  )

  /** The file that has the page, or why none has. */
  function locate(pfn: number): KdumpFile | Absence {
    const file = files.find(entry => pfn >= entry.start && pfn < entry.end)
    if (file?.dumped.has(pfn)) return file
    if (!ram.has(pfn)) return 'outside'
    // A page of a part that was not given is in the dump, only not at hand.
    return file === undefined && files.some(entry => entry.dumped.has(pfn)) ? 'unreadable' : 'excluded'
  }

  function find(pfn: number): { file: KdumpFile; descriptor: PageDescriptor } | Absence {
    const file = locate(pfn)
    if (typeof file === 'string') return file
    const descriptor = readDescriptor(file, file.dumped.rank(pfn))
    return descriptor === null ? 'truncated' : { file, descriptor }
  }

  function page(file: KdumpFile, descriptor: PageDescriptor): Uint8Array | Absence {
    const cache = caches[files.indexOf(file)]!
    const known = cache.get(descriptor.offset)
    if (known !== undefined) return known
    const data = readPageData(file, descriptor, false)
    if (typeof data === 'string') return data
    const bytes = new Uint8Array(blockSize)
    if (!decompressPage(codecs, data, descriptor, bytes)) return 'unreadable'
    cache.put(descriptor.offset, bytes)
    return bytes
  }

  function part(phys: number, length: number): Present | Absent {
    const pfn = Math.floor(phys / blockSize)
    const found = safely(() => find(pfn))
    if (typeof found === 'string') return { ok: false, reason: found, address: phys }
    const { file, descriptor } = found
    const bytes = safely(() => page(file, descriptor))
    if (typeof bytes === 'string') return { ok: false, reason: bytes, address: phys }
    const inPage = phys - pfn * blockSize
    const plain = codecOf(descriptor.flags) === 0 && file.source === source
    const offset = plain ? descriptor.offset + inPage : null
    return { ok: true, bytes: bytes.subarray(inPage, inPage + length), offset }
  }

  function read(phys: number, length: number): Present | Absent {
    checkRequest(phys, length)
    if (length === 0) return { ok: true, bytes: new Uint8Array(0), offset: null }
    const left = blockSize - (phys % blockSize)
    return length <= left ? part(phys, length) : assemble(phys, length)
  }

  /** A span over several pages; nothing is allocated before all of it is known to be there. */
  function assemble(phys: number, length: number): Present | Absent {
    const end = phys + length
    for (let at = phys; at < end; at += blockSize - (at % blockSize)) {
      const file = safely(() => locate(Math.floor(at / blockSize)))
      if (typeof file === 'string') return { ok: false, reason: file, address: at }
    }
    const bytes = allocate(length)
    for (let at = phys; at < end; at += blockSize - (at % blockSize)) {
      const piece = part(at, Math.min(blockSize - (at % blockSize), end - at))
      if (!piece.ok) return piece
      bytes.set(piece.bytes, at - phys)
    }
    return { ok: true, bytes, offset: null }
  }

  function* blocks(within?: Range): Generator<Block> {
    const buffer = new Uint8Array(Math.max(BLOCK_BYTES, blockSize))
    let phys = 0
    let filled = 0
    for (const file of files) {
      const cursor = descriptorCursor(file, within)
      const reader = wholePages(file, codecs)
      while (step(cursor)) {
        const bytes = readPage(reader, cursor.at)
        const start = cursor.at.pfn * blockSize
        const fits = bytes !== null && start === phys + filled && filled + blockSize <= buffer.length
        if (!fits && filled > 0) {
          yield { phys, bytes: buffer.subarray(0, filled), offset: null }
          filled = 0
        }
        if (bytes === null) continue
        if (filled === 0) phys = start
        buffer.set(bytes, filled)
        filled += blockSize
      }
    }
    if (filled > 0) yield { phys, bytes: buffer.subarray(0, filled), offset: null }
  }

  function eachHead(visit: (phys: number, head: Uint8Array) => void, within?: Range): void {
    for (const file of files) {
      const cursor = descriptorCursor(file, within)
      const reader = pageHeads(file, codecs, HEAD_BYTES)
      while (step(cursor)) {
        const head = readPage(reader, cursor.at)
        if (head !== null) visit(cursor.at.pfn * blockSize, head)
      }
    }
  }

  const { ranges, inputSize } = layout
  const presentBytes = layout.pages * blockSize
  const heads = blockSize === STRIDE
  /** Positions are page frames. */
  const parts: MemoryParts = {
    cuts: bytes => cutFrames(files, Math.ceil(bytes / blockSize)),
    pass: (start, end) => ({
      blocks: () => blocks({ start, end }),
      ...(heads ? { pageHeads: visit => eachHead(visit, { start, end }) } : {}),
    }),
  }
  const memory = { ranges, inputSize, presentBytes, read, blocks: () => blocks(), parts }
  return heads ? { ...memory, pageHeads: visit => eachHead(visit) } : memory
}

/** Each part begins with a page that is there, or a file of the set: there are no more of them than that. */
function cutFrames(files: readonly KdumpFile[], frames: number): Float64Array {
  const cuts: number[] = []
  for (const { dumped, start, end } of files) {
    for (let at = start; at < end; at = dumped.next(at + frames)) cuts.push(at)
  }
  return Float64Array.from([...cuts, files.at(-1)?.end ?? 0])
}

/** A failing disk ends a pass over a file, as its end does. */
function step(cursor: { step(): boolean }): boolean {
  return safely(() => cursor.step()) === true
}

function readPage(reader: PassReader, descriptor: PageDescriptor): Uint8Array | null {
  const bytes = safely(() => reader.read(descriptor))
  return typeof bytes === 'string' ? null : bytes
}

/** A disk may fail, and a flattened file may lack pieces: reasons for absence, not for stopping. */
function safely<T>(work: () => T): T | 'unreadable' {
  try {
    return work()
  } catch (error) {
    if (isKhoError(error) && error.code === 'unreadable') return 'unreadable'
    throw error
  }
}
