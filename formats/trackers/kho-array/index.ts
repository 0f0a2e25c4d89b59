import { locateAddress } from '../shared/place.js'
import type { Tracker } from '../tracker.js'
import { decodeKhoArray } from './decode.js'
import { arrayEncoder } from './encode.js'
import { arrayCoverage, arrayPieces } from './pieces.js'
import { recogniseKhoArray } from './recognise.js'
import { traceKhoArray } from './trace.js'

/** An array of pointers to bitmaps: the RFC of September 2025. */
export const khoArray: Tracker = {
  format: 'kho-array',
  locate: locateAddress,
  decode: decodeKhoArray,
  recognise: recogniseKhoArray,
  trace: traceKhoArray,
  pieces: arrayPieces,
  coverage: arrayCoverage,
  encoder: arrayEncoder,
}
