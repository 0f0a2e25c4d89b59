import type { PageShift } from '../../formats/memory/geometry.js'
import {
  type Coverage,
  coverage,
  coverageOfRanges,
  coveredBytes,
  coveredRanges,
  reblock,
} from '../../formats/pages/coverage.js'
import { countCovered, isUncovered, uncovered } from '../../formats/pages/coverage-algebra.js'
import {
  blockSize,
  createPageSet,
  orderBits,
  orders,
  type PageSet,
  putSpan,
} from '../../formats/pages/page-set.js'
import { countRun } from '../../formats/pages/query.js'
import { compareOnce, isEmpty, type WordComparison, without } from '../../formats/pages/words.js'
import type { KhoState } from '../image/state.js'
import { checkLaidOut } from '../owners/laid-out.js'
import { ownershipOf } from '../owners/ownership.js'
import type { Change, Memory, Side } from './change.js'
import { type Frames, frameBytes, framesIn, joinFrames, memoryOfFrames } from './frames.js'
import type { Pair } from './match.js'

/** How far a state's preserved set is known: of a partial tracker, what is there is sure and what is not is not. */
export type Known = 'whole' | 'partial' | 'none'

/** The preserved set of a state, as the comparison sees it. */
export interface Preserved {
  known: Known
  /** Why it is not known whole. */
  reason: string | null
  pages: PageSet
  cover: Coverage
}

/** What only one of two states preserves, whoever owns it. */
export interface PageDifference {
  removed: Coverage
  added: Coverage
  /** What was found out about their bitmaps, for who looks at them again. */
  same: WordComparison
}

/** How far a preserved set is known, and its pages, counted in pages of `pageShift`. */
export function preservedOf(state: KhoState, pageShift: PageShift): Preserved {
  const { state: life, decode, reason } = state.tracker
  const pages = reblock(decode.pages, pageShift)
  checkLaidOut(pages)
  const partial = life === 'partial' || (life === 'live' && decode.badPointers + decode.absentNodes > 0)
  const known = partial ? 'partial' : life === 'live' ? 'whole' : 'none'
  return { known, reason: known === 'whole' ? null : reason, pages, cover: coverage(pages) }
}

/** What one state preserves and the other does not, as far as both are known. */
export function pageDifference(a: Preserved, b: Preserved): PageDifference {
  const none = coverage(createPageSet(a.pages.pageShift))
  const same = compareOnce()
  return {
    removed: a.known !== 'none' && b.known === 'whole' ? uncovered(a.cover, b.cover, same) : none,
    added: b.known !== 'none' && a.known === 'whole' ? uncovered(b.cover, a.cover, same) : none,
    same,
  }
}

/** The pages of a coverage that no structure of the state claims. */
function unowned(state: KhoState, cover: Coverage): Coverage {
  return isUncovered(cover) ? cover : uncovered(cover, ownedCoverage(state, cover.pageShift))
}

function ownedCoverage(state: KhoState, pageShift: PageShift): Coverage {
  const { starts, ends } = ownershipOf(state).owned
  return coverageOfRanges(starts, ends, pageShift)
}

/** Path of what nobody owns: the tracker is all that knows of it. */
const NOBODY = 'tracker'

/** What nobody owns and only one state preserves. */
export function unownedChanges(a: KhoState, b: KhoState, { removed, added }: PageDifference): Change[] {
  const changes: Change[] = []
  const gone = unowned(a, removed)
  const fresh = unowned(b, added)
  const nobody = (cover: Coverage): Side => ({
    path: NOBODY,
    value: "nobody's",
    bytes: coveredBytes(cover),
    memory: memoryOf(cover),
  })
  const line = { path: NOBODY, what: 'memory', note: null }
  if (!isUncovered(gone)) changes.push({ ...line, class: 'removed', a: nobody(gone), b: null })
  if (!isUncovered(fresh)) changes.push({ ...line, class: 'added', a: null, b: nobody(fresh) })
  return changes
}

/** Pages as memory of a change. */
export function memoryOf(cover: Coverage): Memory {
  return {
    bytes: coveredBytes(cover),
    ranges: () => coveredRanges(cover),
    count: () => countCovered(cover),
  }
}

/** Memory that both preserve, in blocks of other orders: by owner, then what nobody owns. */
export function splitChanges(
  states: { a: KhoState; b: KhoState },
  a: Preserved,
  b: Preserved,
  difference: PageDifference,
  pairs: readonly Pair[],
): Change[] {
  if (a.known !== 'whole' || b.known !== 'whole') return []
  const onlyA = blocksOnlyIn(a.pages, b.pages, difference.same)
  const onlyB = blocksOnlyIn(b.pages, a.pages, difference.same)
  const left = uncovered(coverage(onlyA), difference.removed)
  const right = uncovered(coverage(onlyB), difference.added)
  if (isUncovered(left) && isUncovered(right)) return []
  const changes: Change[] = []
  for (const pair of pairs) {
    const x = framesIn(joinFrames(pair.a.data, pair.a.structures), left)
    const y = framesIn(joinFrames(pair.b.data, pair.b.structures), right)
    if (x.starts.length + y.starts.length === 0) continue
    changes.push(splitChange(pair.b.path, splitSide(pair.a.path, x, onlyA), splitSide(pair.b.path, y, onlyB)))
  }
  const x = unowned(states.a, left)
  const y = unowned(states.b, right)
  if (!isUncovered(x) || !isUncovered(y)) {
    const whole = (cover: Coverage): Side => ({
      path: NOBODY,
      value: "nobody's",
      bytes: coveredBytes(cover),
      memory: memoryOf(cover),
    })
    changes.push(splitChange(NOBODY, whole(x), whole(y)))
  }
  return changes
}

function splitChange(path: string, a: Side, b: Side): Change {
  return { path, class: 'split', what: 'orders', a, b, note: null }
}

function splitSide(path: string, frames: Frames, blocks: PageSet): Side {
  const memory = memoryOfFrames(frames)
  return { path, value: orderText(frames, blocks), bytes: frameBytes(frames), memory }
}

/** `2 of order 0, 1 of order 9`: the blocks of a set that begin in frames. */
function orderText(frames: Frames, blocks: PageSet): string {
  const parts: string[] = []
  for (const order of orders(blocks)) {
    const size = blockSize(blocks, order)
    const bits = blocks.orders.get(order)!
    let count = 0
    for (let n = 0; n < frames.starts.length; n++) {
      const [start, end] = [frames.starts[n] as number, frames.ends[n] as number]
      count += countRun(bits, Math.ceil(start / size), Math.ceil(end / size))
    }
    if (count > 0) parts.push(`${count} of order ${order}`)
  }
  return parts.length === 0 ? 'none' : parts.join(', ')
}

/** Blocks of one set that the other lacks. Bitmaps that are the same words are not looked into. */
function blocksOnlyIn(a: PageSet, b: PageSet, same: WordComparison): PageSet {
  const only = createPageSet(a.pageShift)
  for (const { order, spans } of a.orders.values()) {
    const others = b.orders.get(order)?.spans
    for (const [span, words] of spans) {
      const other = others?.get(span)
      if (other !== undefined && same(words, other)) continue
      const left = other === undefined ? words : without(words, other)
      if (left !== null && !isEmpty(left)) putSpan(orderBits(only, order), span, left, other !== undefined)
    }
  }
  return only
}
