import { hex } from '../../../formats/memory/fault.js'
import { forEachGap } from '../../../formats/pages/query.js'
import type { KhoState } from '../../image/state.js'
import { toldPaths } from '../../model/described-index.js'
import { type Ownership, ownershipOf } from '../../owners/ownership.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { canTellUnpreserved } from './context.js'

/** Whose memory it is that is not preserved. Folios, runs and chunk pages have rules of their own. */
export type DanglingClass = 'blob' | 'region' | 'luo' | 'layout'

/** Pieces that are kept of each class; all are counted. */
const KEPT = 100

const cache = new WeakMap<KhoState, Record<DanglingClass, Occurrence[]>>()

/** Memory that a structure says is preserved, and that is not, of one class. */
export function dangling(context: RuleContext, wanted: DanglingClass): Occurrence[] {
  if (!canTellUnpreserved(context)) return []
  let found = cache.get(context.state)
  if (found === undefined) {
    found = collect(context.state)
    cache.set(context.state, found)
  }
  return found[wanted]
}

function collect(state: KhoState): Record<DanglingClass, Occurrence[]> {
  const found: Record<DanglingClass, Occurrence[]> = { blob: [], region: [], luo: [], layout: [] }
  const ownership = ownershipOf(state)
  const isTold = toldPaths(state)
  const { pages } = state.tracker.decode
  const { owned } = ownership
  for (let n = 0; n < owned.count; n++) {
    forEachGap(pages, owned.starts[n] as number, owned.ends[n] as number, (start, end) => {
      note(found, ownership, owned.first[n] as number, isTold, start, end)
    })
  }
  return found
}

function note(
  found: Record<DanglingClass, Occurrence[]>,
  ownership: Ownership,
  owner: number,
  isTold: (path: string) => boolean,
  start: number,
  end: number,
): void {
  const path = ownership.path(owner)
  const { kind } = ownership.claim(owner)
  const group = classOf(path, kind, isTold)
  // No address at all: that is another rule's.
  if (group === null || (start === 0 && kind === 'blob')) return
  const list = found[group]
  if (list.length < KEPT) {
    const message = `${hex(start)}-${hex(end)} of ${path} is not preserved`
    list.push({ message, path, address: start, count: 1 })
    return
  }
  const last = list[KEPT - 1]!
  last.count = (last.count ?? 1) + 1
}

function classOf(path: string, kind: string, isTold: (path: string) => boolean): DanglingClass | null {
  if (isTold(path)) return 'layout'
  if (path === 'fdt' || /\/(folios|runs|chunks)\//.test(path)) return null
  if (kind === 'blob') return 'blob'
  return path.startsWith('luo/') ? 'luo' : 'region'
}
