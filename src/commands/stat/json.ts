import { hex } from '../../../formats/memory/fault.js'
import { findingJson } from '../../render/finding-json.js'
import type { JsonOf } from '../../render/json.js'
import type { Severity } from '../../rules/rule.js'
import type { FileStat, RegionStat, SessionStat, Stat } from '../../stat/stat.js'
import type { schema } from './schema.js'

/** Findings that are shown: `kho validate` lists all. */
export const WORST = 5

/** The document of `kho stat --json`; `sessions` in the order that was asked for. */
export function statJson(stat: Stat, sessions: readonly SessionStat[] | null): JsonOf<typeof schema> {
  const { root, totals, notKnown, findings, regions } = stat
  const count = (severity: Severity) => findings.filter(finding => finding.severity === severity).length
  return {
    schema: 'kho/stat/1',
    image: { ...stat.image },
    writer: { ...stat.writer },
    root: { ...root, address: root.address === null ? null : hex(root.address) },
    outcome: { ...stat.outcome },
    totals: { ...totals, notKnown },
    tracker: { ...stat.tracker },
    scratch: stat.scratch,
    scratchReason: stat.scratchReason,
    room: stat.room,
    sessions: sessions && each(sessions, sessionJson),
    sessionsNotKnown: stat.sessions.notKnown,
    regions: regions.items?.map(regionJson) ?? null,
    regionsNotKnown: regions.notKnown,
    findings: { errors: count('error'), warnings: count('warning'), notes: count('info') },
    worst: findings.slice(0, WORST).map(findingJson),
  }
}

function regionJson(region: RegionStat) {
  return { ...region, start: region.start === null ? null : hex(region.start) }
}

function sessionJson(session: SessionStat) {
  return { ...session, files: each(session.files, fileJson) }
}

function fileJson(file: FileStat) {
  return { ...file, token: file.token.toString() }
}

/** Made as they are written: there may be very many. */
function each<T, J>(items: readonly T[], json: (item: T) => J): Iterable<J> & object {
  return {
    *[Symbol.iterator]() {
      for (const item of items) yield json(item)
    },
  }
}
