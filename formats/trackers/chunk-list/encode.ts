import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { setU64, viewOf } from '../../memory/u64.js'
import { orders, type PageSet } from '../../pages/page-set.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { createBitmapIndex } from '../shared/bitmap-index.js'
import { attachAddresses } from '../shared/place.js'
import { noCounts, type TrackerEncoder, type TrackerWriter, type WriterCounts } from '../writer.js'
import {
  bitmapBytesOf,
  CHUNK_ELEMENT,
  CHUNK_HEADER,
  type ChunkHeader,
  chunkCapacity,
  chunkHeader,
  ELEMENT_BITMAP,
  ELEMENT_START,
} from './shape.js'

/** Chunk lists: an xarray of bitmaps for each order, made a list at finalize (kho_mem_serialize, 6.16 to 7.0). */
export const chunkEncoder: TrackerEncoder = {
  refuse: refuseOrders,
  createWriter: createChunkWriter,
  attach: attachAddresses,
}

/** Why a set of orders cannot be in a list of bitmaps. */
export function refuseOrders(pages: PageSet, options: TrackerOptions): string | null {
  const high = orders(pages).find(order => order + options.geometry.pageShift > 30)
  return high === undefined ? null : `order ${high}: readers compute the size of a block in an int`
}

function createChunkWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const { geometry } = options
  const bitmapBytes = bitmapBytesOf(options)
  const bits = bitmapBytes * 8
  const counts = noCounts()
  const index = createBitmapIndex(builder, bitmapBytes, counts)

  return {
    counts,
    ...index.marks,
    finish() {
      const list = createChunkChain(builder, chunkHeader(options), counts)
      for (const order of index.orders()) {
        list.beginOrder(order)
        const span = bits * 2 ** (geometry.pageShift + order)
        index.forEach(order, (at, address) => list.add(at * span, address))
      }
      return { addresses: [list.first()] }
    },
  }
}

/** Appends entries; a new chunk for each order, and when one is full and another entry arrives. */
function createChunkChain(builder: MemoryBuilder, header: ChunkHeader, counts: WriterCounts) {
  const capacity = chunkCapacity(builder.geometry)
  let first = 0
  let chunk: { address: number; view: DataView; order: number; used: number } | null = null
  const open = (order: number) => {
    const { address, bytes } = builder.allocate()
    counts.allocations++
    counts.finalizeBytes += bytes.length
    const view = viewOf(bytes)
    view.setUint32(header.order, order, true)
    if (chunk === null) first = address
    else chunk.view.setBigUint64(header.next, BigInt(address), true)
    chunk = { address, view, order, used: 0 }
    return chunk
  }
  return {
    first: (): TrackerRoot['addresses'][0] => first,
    beginOrder(order: number): void {
      open(order)
    },
    add(physStart: number, bitmap: number): void {
      let current = chunk!
      if (current.used === capacity) current = open(current.order)
      const offset = CHUNK_HEADER + current.used * CHUNK_ELEMENT
      setU64(current.view, offset + ELEMENT_START, physStart)
      setU64(current.view, offset + ELEMENT_BITMAP, bitmap)
      current.used++
      current.view.setUint32(header.count, current.used, true)
      counts.copiedBytes += CHUNK_ELEMENT
    },
  }
}
