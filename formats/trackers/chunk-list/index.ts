import { locateAddress } from '../shared/place.js'
import type { Tracker } from '../tracker.js'
import { decodeChunkList } from './decode.js'
import { chunkEncoder } from './encode.js'
import { chunkCoverage, chunkPieces } from './pieces.js'
import { recogniseChunkList } from './recognise.js'
import { traceChunkList } from './trace.js'

export {
  CHUNK_ELEMENT,
  CHUNK_HEADER,
  CHUNK_WORDS,
  chunkCapacity,
  ELEMENT_BITMAP,
  ELEMENT_START,
  SMALL_BITMAP,
} from './shape.js'

/** A list of bitmaps for each order: the sketch, patch v5, and 6.16 to 7.0. */
export const chunkList: Tracker = {
  format: 'chunk-list',
  locate: locateAddress,
  decode: decodeChunkList,
  recognise: recogniseChunkList,
  trace: traceChunkList,
  pieces: chunkPieces,
  coverage: chunkCoverage,
  encoder: chunkEncoder,
}
