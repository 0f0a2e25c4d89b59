import { locateAddress } from '../shared/place.js'
import type { Tracker } from '../tracker.js'
import { decodeRadixTree } from './decode.js'
import { radixEncoder } from './encode.js'
import { radixCoverage, radixPieces } from './pieces.js'
import { recogniseRadixTree } from './recognise.js'
import { traceRadixTree } from './trace.js'

export { levelShift, type RadixShape, radixShape, shortDepth } from './shape.js'

/** One tree for all orders, the order in the key: the radix series, and every release since 7.1. */
export const radixTree: Tracker = {
  format: 'radix-tree',
  locate: locateAddress,
  decode: decodeRadixTree,
  recognise: recogniseRadixTree,
  trace: traceRadixTree,
  pieces: radixPieces,
  coverage: radixCoverage,
  encoder: radixEncoder,
}
