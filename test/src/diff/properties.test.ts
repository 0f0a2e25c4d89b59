import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Range } from '../../../formats/memory/range.js'
import type { PageSet } from '../../../formats/pages/page-set.js'
import { listRanges } from '../../../formats/pages/runs.js'
import type { Change, Side } from '../../../src/diff/change.js'
import { type Diff, diffStates } from '../../../src/diff/diff.js'
import type { KhoState } from '../../../src/image/state.js'
import { forEachOwnedRange } from '../../../src/owners/algebra.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { setOf, stateOf } from './states.js'

const block = fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 4095 }))
const region = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  start: fc.integer({ min: 0, max: 4095 }).map(page => page * 4096),
  size: fc.integer({ min: 1, max: 40 }).map(pages => pages * 4096),
})
const state = fc
  .record({
    blocks: fc.array(block, { maxLength: 12 }),
    regions: fc.uniqueArray(region, { maxLength: 3, selector: ({ name }) => name }),
    scratch: fc.array(fc.constantFrom({ start: 2 ** 30, size: 2 ** 20 }, { start: 2 ** 30, size: 2 ** 21 }), {
      maxLength: 2,
    }),
  })
  .map(({ blocks, regions, scratch }): Spec => ({ blocks, regions, scratch }))
interface Spec {
  blocks: [number, number][]
  regions: { name: string; start: number; size: number }[]
  scratch: { start: number; size: number }[]
}

const made = ({ blocks, regions, scratch }: Spec): KhoState =>
  stateOf({ pages: setOf(blocks), regions, scratch })

/** Two states that differ in little or in nothing, or in everything. */
const couples = fc.oneof(
  fc.tuple(state, state),
  state.map((spec): [Spec, Spec] => [spec, spec]),
  fc
    .tuple(state, block)
    .map(([spec, extra]): [Spec, Spec] => [spec, { ...spec, blocks: [...spec.blocks, extra] }]),
  fc.tuple(state, region).map(([spec, extra]): [Spec, Spec] => {
    const regions = [...spec.regions.filter(({ name }) => name !== extra.name), extra]
    return [spec, { ...spec, regions }]
  }),
)

/** Page by page: who owns it, or nobody. Says the same as a diff must, in the plainest way. */
function ownersOfPages(at: KhoState): Record<string, string> {
  const pages: Record<string, string> = {}
  const ownership = ownershipOf(at)
  forEachOwnedRange(at.tracker.decode.pages, ownership, (start, end, first) => {
    for (let page = start; page < end; page += 4096) {
      const ids = ownership.find(page, page + 4096).filter(id => ownership.isPreserved(id))
      pages[page] =
        first === null
          ? '-'
          : ids
              .map(id => ownership.path(id))
              .sort()
              .join()
    }
  })
  return pages
}

const regionsOf = (spec: Spec) => spec.regions.map(r => `${r.name} ${r.start} ${r.size}`).sort()

function mirrored({ class: changeClass, a, b, what }: Change): unknown {
  const other: Record<string, string> = { added: 'removed', removed: 'added' }
  return { class: other[changeClass] ?? changeClass, what, a: plain(b), b: plain(a) }
}

const plain = (side: Side | null) => (side === null ? null : { ...side, memory: [...side.memory.ranges()] })
const straight = ({ class: changeClass, a, b, what }: Change) => ({
  class: changeClass,
  what,
  a: plain(a),
  b: plain(b),
})
const sorted = (values: unknown[]) => values.map(value => JSON.stringify(value)).sort()

function pagesOf(ranges: Iterable<Range>): Set<number> {
  const pages = new Set<number>()
  for (const { start, end } of ranges) for (let at = start; at < end; at += 4096) pages.add(at)
  return pages
}

const covered = (set: PageSet) => pagesOf(listRanges(set))
const ascending = (pages: Iterable<number>) => [...pages].sort((x, y) => x - y)

function applied(pages: Set<number>, diff: Diff): number[] {
  const result = new Set(pages)
  for (const page of pagesOf(diff.pages.removed.ranges())) result.delete(page)
  for (const page of pagesOf(diff.pages.added.ranges())) result.add(page)
  return ascending(result)
}

const runs = { numRuns: 150 }

describe('a diff of two states', () => {
  it('is empty when, and only when, sets, owners and scratch are equal', () => {
    fc.assert(
      fc.property(couples, ([x, y]) => {
        const [a, b] = [made(x), made(y)]
        const equal =
          JSON.stringify(ownersOfPages(a)) === JSON.stringify(ownersOfPages(b)) &&
          JSON.stringify(regionsOf(x)) === JSON.stringify(regionsOf(y)) &&
          JSON.stringify(x.scratch) === JSON.stringify(y.scratch)
        const found = diffStates(a, b)
        expect(found.same).toBe(equal)
      }),
      runs,
    )
  })

  it('has its mirror the other way round', () => {
    fc.assert(
      fc.property(couples, ([x, y]) => {
        const [there, back] = [diffStates(made(x), made(y)), diffStates(made(y), made(x))]
        expect(sorted(there.changes.map(straight))).toEqual(sorted(back.changes.map(mirrored)))
        expect(there.same).toBe(back.same)
        expect([...there.pages.removed.ranges()]).toEqual([...back.pages.added.ranges()])
      }),
      runs,
    )
  })

  it('applied to the first gives the second', () => {
    fc.assert(
      fc.property(couples, ([x, y]) => {
        const [a, b] = [made(x), made(y)]
        const found = diffStates(a, b)
        expect(applied(covered(a.tracker.decode.pages), found)).toEqual(
          ascending(covered(b.tracker.decode.pages)),
        )
      }),
      runs,
    )
  })

  it('names every page that is preserved on one side only, in a change that counts', () => {
    fc.assert(
      fc.property(couples, ([x, y]) => {
        const found = diffStates(made(x), made(y))
        const counted = found.changes.filter(change =>
          ['added', 'removed', 'moved', 'resized'].includes(change.class),
        )
        const left = pagesOf(counted.flatMap(change => [...(change.a?.memory.ranges() ?? [])]))
        const right = pagesOf(counted.flatMap(change => [...(change.b?.memory.ranges() ?? [])]))
        for (const page of pagesOf(found.pages.removed.ranges())) expect(left.has(page)).toBe(true)
        for (const page of pagesOf(found.pages.added.ranges())) expect(right.has(page)).toBe(true)
      }),
      runs,
    )
  })
})
