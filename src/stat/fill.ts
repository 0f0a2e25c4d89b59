import type { NodeCoverage, TrackerNode } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'
import { nodeCoverage } from '../model/node-coverage.js'

/** How full the tracker's pages of one kind are. */
export interface TrackerFill {
  kind: TrackerNode['kind']
  /** Level in a tree, 0 for a leaf; null in lists. */
  level: number | null
  /** Pages or objects. */
  nodes: number
  /** What is counted: bits of preserved blocks, slots that lead on, entries of a list. */
  unit: NodeCoverage['unit']
  used: number
  of: number
}

/** How full the tracker is, the pages that lead to others first. What the dump lacks is not counted. */
export function trackerFill(state: KhoState): TrackerFill[] {
  const rows = new Map<string, TrackerFill>()
  for (const node of state.tracker.decode.nodes) {
    const coverage = nodeCoverage(state, node)
    if (coverage === null) continue
    const { kind, level } = node
    const { unit, used, of } = coverage
    const key = `${kind} ${level} ${unit}`
    const row = rows.get(key) ?? { kind, level, nodes: 0, unit, used: 0, of: 0 }
    rows.set(key, { ...row, nodes: row.nodes + 1, used: row.used + used, of: row.of + of })
  }
  return [...rows.values()].sort((a, b) => (b.level ?? 0) - (a.level ?? 0))
}
