import { trackerOf } from '../../formats/trackers/index.js'
import type { NodeCoverage, TrackerNode } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'

const known = new WeakMap<TrackerNode, NodeCoverage | null>()

/**
 * Which memory one of the tracker's pages or objects covers, and how full it is; null where the dump lacks it. Its bytes
 * are looked at when this is first asked for.
 */
export function nodeCoverage({ tracker }: KhoState, node: TrackerNode): NodeCoverage | null {
  const { format, reading } = tracker
  if (format === null || reading === null) return null
  let found = known.get(node)
  if (found === undefined) {
    found = trackerOf(format).coverage(reading, node)
    known.set(node, found)
  }
  return found
}
