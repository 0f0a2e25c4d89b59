import type { Tracker } from '../tracker.js'
import { decodeMemArray } from './decode.js'
import { memEncoder } from './encode.js'
import { locateMemArray } from './entries.js'
import { traceMemArray } from './trace.js'

export { MEM_ENTRY } from './entries.js'

/** Arrays of ranges in the FDT itself: patches v1 to v4, 2023 to February 2025. There are no pages beside it. */
export const memArray: Tracker = {
  format: 'mem-array',
  locate: locateMemArray,
  decode: decodeMemArray,
  recognise: () => ({ verdict: 'yes', why: 'nodes of the root FDT have ranges of memory' }),
  trace: traceMemArray,
  pieces: () => [],
  coverage: () => null,
  encoder: memEncoder,
}
