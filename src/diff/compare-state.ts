import { hex } from '../../formats/memory/fault.js'
import { totals } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import { type Change, type ChangeClass, type Side, valueSide } from './change.js'
import type { Preserved } from './compare-pages.js'
import { FrameList, type Frames, framesOnlyIn, memoryOfFrames } from './frames.js'

/** Scratch areas, one by one: their order is that of the nodes. */
export function scratchChanges(a: KhoState, b: KhoState): Change[] {
  if (a.scratch === null || b.scratch === null) {
    const reasons = [
      a.scratch === null ? `A: ${a.scratchReason}` : null,
      b.scratch === null ? `B: ${b.scratchReason}` : null,
    ].filter(reason => reason !== null)
    return [unknown('scratch', 'areas', reasons.join('; '))]
  }
  const changes: Change[] = []
  for (let n = 0; n < Math.max(a.scratch.length, b.scratch.length); n++) {
    const left = a.scratch[n]
    const right = b.scratch[n]
    const same = left?.start === right?.start && left?.size === right?.size
    if (same) continue
    const path = `scratch/#${n}`
    const x = left === undefined ? null : areaSide(path, left, right)
    const y = right === undefined ? null : areaSide(path, right, left)
    const both: ChangeClass = left?.size === right?.size ? 'moved' : 'resized'
    const changeClass = x === null ? 'added' : y === null ? 'removed' : both
    changes.push({ path, class: changeClass, what: 'area', a: x, b: y, note: null })
  }
  return changes
}

interface Area {
  start: number
  size: number
}

function areaSide(path: string, own: Area, other: Area | undefined): Side {
  const only = framesOnlyIn(
    areaFrames(own),
    other === undefined ? new FrameList().finish() : areaFrames(other),
  )
  // A size that no memory can hold may come of anything that --scratch points at; it is no number of bytes.
  const bytes = Number.isSafeInteger(own.size) ? own.size : null
  return { path, value: 'scratch area', bytes, memory: memoryOfFrames(only) }
}

function areaFrames({ start, size }: Area): Frames {
  const list = new FrameList()
  list.add(start, start + size)
  return list.finish()
}

/** What one side does not know of its preserved set. */
export function unknownSets(a: Preserved, b: Preserved): Change[] {
  const reasons = (['A', 'B'] as const).flatMap((name, n) => {
    const { known, reason } = n === 0 ? a : b
    if (known === 'whole') return []
    const what = known === 'partial' ? 'not known whole' : 'not known'
    return [`${name}'s preserved set is ${what}${reason === null ? '' : `: ${reason}`}`]
  })
  return reasons.length === 0 ? [] : [unknown('tracker', 'pages', reasons.join('; '))]
}

function unknown(path: string, what: string, note: string): Change {
  return { path, class: 'unknown', what, a: null, b: null, note }
}

/** How the preserved set is written down: its pages, format, nodes. Only that of known trackers is compared. */
export function trackerChanges(a: KhoState, b: KhoState): Change[] {
  const changes: Change[] = []
  const line = (what: string, left: string, right: string, as: ChangeClass, note: string | null = null) => {
    if (left === right) return
    const [x, y] = [valueSide('tracker', left), valueSide('tracker', right)]
    changes.push({ path: 'tracker', class: as, what, a: x, b: y, note })
  }
  const small = Math.min(a.geometry.pageSize, b.geometry.pageSize)
  const note = `compared in pages of ${small / 1024} KiB`
  line('page size', String(a.geometry.pageSize), String(b.geometry.pageSize), 'structure', note)
  const [left, right] = [a.tracker, b.tracker]
  line('format', left.format ?? 'none', right.format ?? 'none', 'structure')
  if (left.state !== 'live' || right.state !== 'live') return changes
  line('nodes', nodeText(a), nodeText(b), 'structure')
  line('blocks', blockText(a), blockText(b), 'structure')
  line('root', hex(left.root ?? 0), hex(right.root ?? 0), 'address')
  const [x, y] = [nodeFrames(a), nodeFrames(b)]
  const [mine, yours] = [memoryOfFrames(framesOnlyIn(x, y)), memoryOfFrames(framesOnlyIn(y, x))]
  if (mine.bytes + yours.bytes > 0) {
    const sides = [mine, yours].map((memory, n) => {
      const bytes = memoryOfFrames(n === 0 ? x : y).bytes
      return { path: 'tracker', value: null, bytes, memory }
    })
    changes.push({ path: 'tracker', class: 'address', what: 'pages', a: sides[0]!, b: sides[1]!, note: null })
  }
  return changes
}

function nodeText({ tracker }: KhoState): string {
  const { nodes } = tracker.decode
  const bytes = nodes.reduce((sum, node) => sum + node.size, 0)
  return `${nodes.length} of ${bytes / 1024} KiB`
}

function blockText({ tracker }: KhoState): string {
  return `${totals(tracker.decode.pages).blocks}`
}

function nodeFrames({ tracker }: KhoState): Frames {
  const list = new FrameList()
  for (const { address, size } of tracker.decode.nodes) list.add(address, address + size)
  return list.finish()
}
