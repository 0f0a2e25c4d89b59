import { hex } from '../../../formats/memory/fault.js'
import type { Change, Memory, Side } from '../../diff/change.js'
import { counts, type Diff, type DiffOptions } from '../../diff/diff.js'
import type { JsonValue } from '../../render/json.js'

/** `kho diff --json`. Changes of structure are listed where they are asked for, and counted always. */
export function diffJson(diff: Diff, options: DiffOptions): JsonValue {
  const shown = diff.changes.filter(change => change.class === 'unknown' || counts(change, options))
  return {
    schema: 'kho/diff/1',
    same: diff.same,
    changes: shown.map(changeJson),
    pages: {
      known: diff.pages.known,
      removed: rangesJson(diff.pages.removed),
      added: rangesJson(diff.pages.added),
    },
    totals: { ...diff.totals },
  }
}

function changeJson({ path, class: changeClass, what, a, b, note }: Change): JsonValue {
  return { path, class: changeClass, what, a: sideJson(a), b: sideJson(b), note }
}

function sideJson(side: Side | null): JsonValue {
  if (side === null) return null
  return { path: side.path, value: side.value, bytes: side.bytes, ranges: rangesJson(side.memory) }
}

function rangesJson(memory: Memory): Iterable<JsonValue> & object {
  return {
    *[Symbol.iterator]() {
      for (const { start, end } of memory.ranges()) yield { start: hex(start), end: hex(end) }
    },
  }
}
