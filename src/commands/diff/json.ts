import { hex } from '../../../formats/memory/fault.js'
import type { Change, Memory, Side } from '../../diff/change.js'
import { counts, type Diff, type DiffOptions } from '../../diff/diff.js'
import type { JsonItem, JsonOf } from '../../render/json.js'
import type { schema } from './schema.js'

/** `kho diff --json`. Changes of structure are listed where they are asked for, and counted always. */
export function diffJson(diff: Diff, options: DiffOptions): JsonOf<typeof schema> {
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

function changeJson({
  path,
  class: changeClass,
  what,
  a,
  b,
  note,
}: Change): JsonItem<typeof schema, 'changes'> {
  return { path, class: changeClass, what, a: sideJson(a), b: sideJson(b), note }
}

function sideJson(side: Side | null) {
  if (side === null) return null
  return { path: side.path, value: side.value, bytes: side.bytes, ranges: rangesJson(side.memory) }
}

function rangesJson(memory: Memory): Iterable<{ start: string; end: string }> & object {
  return {
    *[Symbol.iterator]() {
      for (const { start, end } of memory.ranges()) yield { start: hex(start), end: hex(end) }
    },
  }
}
