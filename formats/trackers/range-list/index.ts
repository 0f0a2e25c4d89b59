import { locateAddress } from '../shared/place.js'
import type { Tracker } from '../tracker.js'
import { decodeRangeList } from './decode.js'
import { rangeEncoder } from './encode.js'
import { rangeCoverage, rangePieces } from './pieces.js'
import { recogniseRangeList } from './recognise.js'
import { traceRangeList } from './trace.js'

/** A list of ranges without orders: the counter-proposal of April 2025. */
export const rangeList: Tracker = {
  format: 'range-list',
  locate: locateAddress,
  decode: decodeRangeList,
  recognise: recogniseRangeList,
  trace: traceRangeList,
  pieces: rangePieces,
  coverage: rangeCoverage,
  encoder: rangeEncoder,
}
