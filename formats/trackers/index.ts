/**
 * Every structure that ever described preserved memory, a folder each: how it is read, written, told from others, followed
 * down to a bit, and shown.
 *
 * @module
 */
import { chunkList } from './chunk-list/index.js'
import { khoArray } from './kho-array/index.js'
import { mailTable } from './mail-table/index.js'
import { memArray } from './mem-array/index.js'
import { pageTable } from './page-table/index.js'
import { radixTree } from './radix-tree/index.js'
import { rangeList } from './range-list/index.js'
import type { Tracker } from './tracker.js'

const TRACKERS = {
  'chunk-list': chunkList,
  'radix-tree': radixTree,
  'page-table': pageTable,
  'mail-table': mailTable,
  'mem-array': memArray,
  'kho-array': khoArray,
  'range-list': rangeList,
} satisfies Record<string, Tracker>

/** The families of structures that ever described preserved memory. */
export type TrackerFormat = keyof typeof TRACKERS

/** All of them. */
export const TRACKER_FORMATS = Object.keys(TRACKERS) as TrackerFormat[]

/** All that is known of a tracker format. */
export function trackerOf(format: TrackerFormat): Tracker {
  return TRACKERS[format]
}
