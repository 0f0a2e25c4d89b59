import type { PhysicalMemory } from '../../memory/physical-memory.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { blockBytes } from '../shared/describe.js'
import { bitAt, nodePath } from '../shared/read.js'
import type { TrackerReading, TrackerStep } from '../tracker.js'
import { noNotes, walkChunks } from './decode.js'
import { bitmapBytesOf, CHUNK_ELEMENT, CHUNK_HEADER } from './shape.js'

/** One entry of a chunk. */
interface ChunkElement {
  /** Address of the entry itself. */
  at: number
  order: number
  physStart: number
  bitmap: number
}

/** Every counted entry of a chunk list, with the address of its chunk. */
function chunkElements(memory: PhysicalMemory, root: TrackerRoot, options: TrackerOptions): ChunkElement[] {
  const found: ChunkElement[] = []
  walkChunks(memory, root, options, noNotes(), (at, order, physStart, bitmap) => {
    found.push({ at, order, physStart, bitmap })
  })
  return found
}

/** The chunks up to the entry that has a block, and the bit in its bitmap. */
export function traceChunkList(reading: TrackerReading, address: number, order: number): TrackerStep[] {
  const { memory, root, options } = reading
  const { pageSize } = options.geometry
  const bytes = bitmapBytesOf(options)
  const size = blockBytes(options.geometry, order)
  const chunks: TrackerStep[] = []
  let chunk = -1
  for (const element of chunkElements(memory, root, options)) {
    const owner = element.at - (element.at % pageSize)
    if (owner !== chunk) {
      chunk = owner
      chunks.push({ node: nodePath(owner), slot: null, bit: null })
    }
    const bit = (address - element.physStart) / size
    if (element.order !== order || !bitAt(memory, element.bitmap, bit, bytes)) continue
    chunks.at(-1)!.slot = (element.at - owner - CHUNK_HEADER) / CHUNK_ELEMENT
    return [...chunks, { node: nodePath(element.bitmap), slot: null, bit }]
  }
  return []
}
