import { chunkList } from './chunk-list.js'
import { khoArray } from './kho-array.js'
import { memArray } from './mem-array.js'
import { pageTable } from './page-table.js'
import { radixTree } from './radix-tree.js'
import { rangeList } from './range-list.js'
import type { Tracker, TrackerFormat } from './tracker.js'

const TRACKERS: Readonly<Record<TrackerFormat, Tracker>> = {
  'chunk-list': chunkList,
  'radix-tree': radixTree,
  'page-table': pageTable,
  'mem-array': memArray,
  'kho-array': khoArray,
  'range-list': rangeList,
}

/** The codec of a tracker format. */
export function trackerOf(format: TrackerFormat): Tracker {
  return TRACKERS[format]
}
