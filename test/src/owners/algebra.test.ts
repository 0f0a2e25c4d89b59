import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storeVmalloc } from '../../../formats/blobs/index.js'
import { KHO_VMALLOC } from '../../../formats/layout/index.js'
import { addBlock, createPageSet, removeBlock } from '../../../formats/pages/page-set.js'
import { listRanges } from '../../../formats/pages/runs.js'
import type { KhoState } from '../../../src/image/state.js'
import { type ClaimGroup, type ClaimKind, singleClaim } from '../../../src/model/claim.js'
import {
  forEachDuplicate,
  forEachOrphanBlock,
  forEachOwnedBlock,
  forEachOwnedRange,
  ownerSets,
  ownersOf,
} from '../../../src/owners/algebra.js'
import { buildOwnership, ownershipOf } from '../../../src/owners/ownership.js'
import { FIRST_FOLIO, MANY, manyFolios } from './folios-300k.js'
import { machine } from './synthetic.js'

function setsOf(state: KhoState) {
  return ownerSets(state.tracker.decode.pages, ownershipOf(state))
}
const NONE = { orphaned: [], orphanBlocks: [], dangling: [], duplicate: [] }

describe('owners of synthetic states', () => {
  it('has nothing to say of a sound one, with a chain of session blocks of several pages', async () => {
    const made = machine()
    const files = [made.memfd(1n, new Uint8Array(20_000).fill(7))]
    const sessions = Array.from({ length: 120 }, (_, n) => ({ name: `s${n}`, files: n === 110 ? files : [] }))
    made.addLuo({ sessions })
    const state = await made.state()
    expect(state.blobs().flatMap(blob => blob.faults)).toEqual([])
    expect(setsOf(state)).toEqual(NONE)
    const ownership = ownershipOf(state)
    const paths = Array.from({ length: ownership.count }, (_, id) => ownership.path(id))
    expect(paths.filter(path => path.startsWith('luo/blocks/0x'))).toHaveLength(3)
    expect(paths).toContain('luo/sessions/s110/files/1/folios/4')
  })

  it('names both paths of a memfd that is preserved under two tokens', async () => {
    const made = machine()
    const file = made.memfd(1n, new Uint8Array(8192).fill(9))
    made.addLuo({
      sessions: [
        { name: 'a', files: [file] },
        { name: 'b', files: [{ ...file, token: 2n }] },
      ],
    })
    const { duplicate, ...rest } = setsOf(await made.state())
    expect(rest).toEqual({ orphaned: [], orphanBlocks: [], dangling: [] })
    const places = [
      'folios/0',
      'folios/1',
      'memfd',
      expect.stringMatching(/^vmalloc\/chunks\/0x/),
      'vmalloc/runs/#0',
    ]
    for (const [n, base] of ['luo/sessions/a/files/1/', 'luo/sessions/b/files/2/'].entries()) {
      const named = duplicate.map(({ paths }) => paths[n]!)
      expect(named.every(path => path.startsWith(base))).toBe(true)
      expect(named.map(path => path.slice(base.length)).sort()).toEqual(places)
    }
    expect(duplicate.every(({ paths }) => paths.length === 2)).toBe(true)
  })

  it('finds one page in the folio lists of two memfds', async () => {
    const made = machine()
    const shared = made.allocate(1).address
    const folios = { pfn: [shared / 4096], index: [3] }
    made.addLuo({
      sessions: [{ name: 'a', files: [made.listed(1n, { folios }), made.listed(2n, { folios })] }],
    })
    expect(setsOf(await made.state())).toEqual({
      ...NONE,
      duplicate: [
        {
          start: shared,
          end: shared + 4096,
          paths: ['luo/sessions/a/files/1/folios/3', 'luo/sessions/a/files/2/folios/3'],
        },
      ],
    })
  })

  it('finds a folio that is not preserved', async () => {
    const made = machine()
    const pages = [0, 1, 2].map(() => made.allocate(1).address)
    const pfn = pages.map(page => page / 4096)
    made.addLuo({
      sessions: [{ name: 'a', files: [made.listed(1n, { folios: { pfn, index: [0, 1, 5] } })] }],
    })
    made.tracker.unpreserve(pages[2]!, 0)
    const start = pages[2]!
    expect(setsOf(await made.state())).toEqual({
      ...NONE,
      dangling: [{ start, end: start + 4096, paths: ['luo/sessions/a/files/1/folios/5'] }],
    })
  })

  it('finds a leaked order-2 block of a vmalloc area that is gone', async () => {
    const made = machine()
    const leaked = made.allocate(4).address
    const area = storeVmalloc(made, made.geometry, new Uint8Array(30_000).fill(1), 2)
    const blob = made.allocate(1)
    KHO_VMALLOC.write(blob.bytes, 0, area)
    made.addBlob({ name: 'area', address: blob.address, size: 16 })
    const state = await made.state()
    expect(setsOf(state)).toEqual({
      ...NONE,
      orphaned: [{ start: leaked, end: leaked + 16384 }],
      orphanBlocks: [{ address: leaked, order: 2 }],
    })
    expect(ownershipOf(state).ownedAt(blob.address)).toEqual({ first: expect.any(Number), claims: 1 })
  })

  it('gives a structure all of the block that begins with it, and data only its own pages', async () => {
    const made = machine()
    const blob = made.allocate(4)
    made.addBlob({ name: 'odd', address: blob.address, size: 73 })
    expect(setsOf(await made.state())).toEqual(NONE)
    const other = machine()
    const region = other.allocate(4)
    const { encodeMemblock } = await import('../../../formats/blobs/index.js')
    const regions = [{ name: 'half', start: region.address, size: 8192 }]
    other.addBlob({ name: 'memblock', ...encodeMemblock(other, other.geometry, regions) })
    expect(setsOf(await other.state())).toEqual({
      ...NONE,
      orphaned: [{ start: region.address + 8192, end: region.address + 16384 }],
    })
  })

  it('claims what the handle of an unknown handler leads to, where that is preserved', async () => {
    const made = machine()
    const block = made.allocate(8).address
    const files = [
      { compatible: 'vfio-pci-v1', data: BigInt(block), token: 1n },
      { compatible: 'vfio-pci-v1', data: 0xfeedf00dcafebee0n, token: 2n },
      { compatible: 'vfio-pci-v1', data: 0x5000n, token: 3n },
    ]
    made.addLuo({ sessions: [{ name: 'a', files }] })
    expect(setsOf(await made.state())).toEqual(NONE)
  })

  it('walks 300,000 folios without an object for each', async () => {
    const state = await manyFolios().state()
    const ownership = ownershipOf(state)
    expect(ownership.groups.length).toBeLessThan(20)
    expect(setsOf(state)).toEqual(NONE)
    const last = FIRST_FOLIO + (MANY - 1) * 8192
    expect(ownership.find(last, last + 1).map(id => ownership.path(id))).toEqual([
      `luo/sessions/big/files/7/folios/${MANY - 1}`,
    ])
  })
})

const PAGE = 4096
interface Made {
  page: number
  offset: number
  pages: number
  kind: ClaimKind
  preserved: boolean
}
const made = fc.record({
  page: fc.nat(60),
  offset: fc.constantFrom(0, 16, 4000),
  pages: fc.integer({ min: 1, max: 9 }),
  kind: fc.constantFrom<ClaimKind>('data', 'blob', 'metadata'),
  preserved: fc.boolean(),
})
const block = fc.record({ page: fc.nat(60), order: fc.constantFrom(0, 0, 1, 3) })

/** The same questions, asked page by page. */
function naive(claims: Made[], blocks: { address: number; order: number }[]) {
  const owners = new Map<number, number[]>()
  claims.forEach((claim, id) => {
    if (!claim.preserved) return
    const first = claim.page
    let last = Math.ceil((claim.page * PAGE + claim.offset + claim.pages * PAGE) / PAGE)
    const own = blocks.filter(b => b.address === first * PAGE).sort((a, b) => a.order - b.order)[0]
    if (claim.kind !== 'data' && own !== undefined) last = Math.max(last, first + 2 ** own.order)
    for (let page = first; page < last; page++) owners.set(page, [...(owners.get(page) ?? []), id])
  })
  const preserved = new Set<number>()
  for (const { address, order } of blocks) {
    for (let n = 0; n < 2 ** order; n++) preserved.add(address / PAGE + n)
  }
  return { owners, preserved }
}

describe('the algebra', () => {
  it('agrees with asking page by page', () => {
    fc.assert(
      fc.property(fc.array(made, { maxLength: 20 }), fc.array(block, { maxLength: 20 }), (claims, list) => {
        const pages = createPageSet(12)
        const blocks = list.map(({ page, order }) => ({
          address: (page - (page % 2 ** order)) * PAGE,
          order,
        }))
        for (const { address, order } of blocks) addBlock(pages, address, order)
        const groups = claims.map((claim, id) =>
          singleClaim(`c/#${id}`, claim.page * PAGE + claim.offset, claim.pages * PAGE, {
            kind: claim.kind,
            version: null,
            preserved: claim.preserved,
          }),
        )
        const ownership = buildOwnership(groups, pages, PAGE)
        const { owners, preserved } = naive(claims, blocks)
        const seen = new Map<number, [number | null, number]>()
        forEachOwnedRange(pages, ownership, (start, end, first, count) => {
          for (let at = start; at < end; at += PAGE) seen.set(at / PAGE, [first, count])
        })
        expect([...seen.keys()].sort((a, b) => a - b)).toEqual([...preserved].sort((a, b) => a - b))
        for (const [page, [first, count]] of seen) {
          expect([first, count]).toEqual([owners.get(page)?.[0] ?? null, owners.get(page)?.length ?? 0])
        }
        forEachOwnedBlock(pages, ownership, (address, order, first, count) => {
          const ids = new Set<number>()
          for (let n = 0; n < 2 ** order; n++)
            for (const id of owners.get(address / PAGE + n) ?? []) ids.add(id)
          expect(first).toBe(ids.size === 0 ? null : Math.min(...ids))
          if (order === 0) expect(count).toBe(ids.size)
        })
        const sets = ownerSets(pages, ownership)
        const listed = (ranges: { start: number; end: number }[]) =>
          ranges.flatMap(({ start, end }) =>
            Array.from({ length: (end - start) / PAGE }, (_, n) => start / PAGE + n),
          )
        const owned = [...owners.keys()].sort((a, b) => a - b)
        expect(listed(sets.dangling)).toEqual(owned.filter(page => !preserved.has(page)))
        expect(listed(sets.duplicate)).toEqual(owned.filter(page => owners.get(page)!.length > 1))
        expect(listed(sets.orphaned)).toEqual(
          [...preserved].filter(page => !owners.has(page)).sort((a, b) => a - b),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('finds the claims on a byte, with an index and without', () => {
    // So many claims elsewhere that they are looked through but twice before they are sorted.
    const count = 2 ** 17
    const far: ClaimGroup = {
      ...{ kind: 'data', version: null, preserved: false, count },
      starts: Float64Array.from({ length: count }, (_, n) => 2 ** 40 + n * PAGE),
      sizes: new Float64Array(count).fill(PAGE),
      pathOf: n => `far/#${n}`,
    }
    fc.assert(
      fc.property(fc.array(made, { minLength: 1, maxLength: 30 }), claims => {
        const groups = claims.map(({ page, offset, pages, kind, preserved }, id) =>
          singleClaim(`c/#${id}`, page * PAGE + offset, pages * PAGE - 7, { kind, version: null, preserved }),
        )
        const ownership = buildOwnership([...groups, far], createPageSet(12), PAGE)
        for (let round = 0; round < 40; round++) {
          const start = round * 6000
          const expected = groups.flatMap(({ starts, sizes }, id) =>
            starts[0]! < start + 5 && starts[0]! + sizes[0]! > start ? [id] : [],
          )
          expect(ownership.find(start, start + 5)).toEqual(expected)
          const some = ownership.find(start, start + 5, 2)
          expect(some.length).toBe(Math.min(2, expected.length))
          expect(expected).toEqual(expect.arrayContaining(some))
        }
        const first = groups.length
        expect(ownership.find(2 ** 40 + 5 * PAGE - 1, 2 ** 40 + 6 * PAGE + 1)).toEqual([
          first + 4,
          first + 5,
          first + 6,
        ])
        expect(ownership.find(2 ** 40 + 5 * PAGE, 2 ** 40 + 6 * PAGE)).toEqual([first + 5])
        expect([ownership.path(first + 5), ownership.claim(first + 5).start]).toEqual([
          'far/#5',
          2 ** 40 + 5 * PAGE,
        ])
      }),
      { numRuns: 15 },
    )
  })

  it('names at most 16 owners of a piece, those of the whole block too, and none that is not preserved', () => {
    const pages = createPageSet(12)
    addBlock(pages, 8 * PAGE, 3)
    const of = (n: number, kind: ClaimKind, preserved = true) =>
      singleClaim(`c/#${n}`, 8 * PAGE + n, 1, { kind, version: null, preserved })
    const many = buildOwnership(
      Array.from({ length: 20 }, (_, n) => of(n, 'data', n !== 3)),
      pages,
      PAGE,
    )
    const named = ownersOf(many, 8 * PAGE, 9 * PAGE)
    expect(named).toEqual([...Array(17).keys()].filter(n => n !== 3).map(n => `c/#${n}`))
    // A blob has the block that begins with it, to its end; data has not.
    const blob = buildOwnership([of(0, 'data'), of(1, 'blob')], pages, PAGE)
    expect([ownersOf(blob, 8 * PAGE, 9 * PAGE), ownersOf(blob, 12 * PAGE, 13 * PAGE)]).toEqual([
      ['c/#0', 'c/#1'],
      ['c/#1'],
    ])
    expect([
      blob.ownedAt(8 * PAGE),
      blob.ownedAt(15 * PAGE),
      blob.ownedAt(16 * PAGE),
      blob.ownedAt(0),
    ]).toEqual([{ first: 0, claims: 2 }, { first: 1, claims: 1 }, null, null])
    expect(ownersOf(buildOwnership([], pages, PAGE), 8 * PAGE, 9 * PAGE)).toEqual([])
  })

  it('counts the owners of a block of which only parts have the same ones', () => {
    const pages = createPageSet(12)
    addBlock(pages, 8 * PAGE, 3)
    addBlock(pages, 12 * PAGE, 1)
    const of = (id: number, page: number, count: number, kind: ClaimKind = 'data', preserved = true) =>
      singleClaim(`c/#${id}`, page * PAGE, count * PAGE, { kind, version: null, preserved })
    const ownersOfBlocks = (groups: ClaimGroup[]) => {
      const found: (number | null)[][] = []
      forEachOwnedBlock(pages, buildOwnership(groups, pages, PAGE), (address, order, first, owners) =>
        found.push([address / PAGE, order, first, owners]),
      )
      return found
    }
    const several = [of(0, 10, 1, 'data', false), of(1, 11, 2), of(2, 8, 1), of(3, 11, 1), of(4, 16, 1)]
    expect(ownersOfBlocks(several)).toEqual([
      [8, 3, 1, 3],
      [12, 1, 1, 1],
    ])
    // A blob is rounded up to the block that begins with it: it holds the pages behind its end, beside others.
    expect(ownersOfBlocks([of(0, 8, 1, 'blob'), of(1, 12, 1)])).toEqual([
      [8, 3, 0, 2],
      [12, 1, 0, 2],
    ])
    // Next to a block is not in it.
    expect(ownersOfBlocks([of(0, 7, 1), of(1, 16, 2), of(2, 14, 1)])).toEqual([
      [8, 3, 2, 1],
      [12, 1, null, 0],
    ])
  })

  it('looks up to limits, to the byte, and has no group without a claim', () => {
    const data = { kind: 'data', version: null, preserved: true } as const
    const none: ClaimGroup = {
      ...{ ...data, count: 0, starts: new Float64Array(0), sizes: new Float64Array(0) },
      pathOf: () => expect.unreachable(),
    }
    const far: ClaimGroup = {
      ...{ ...data, preserved: false, count: 2 ** 19 },
      starts: Float64Array.from({ length: 2 ** 19 }, (_, n) => 2 ** 40 + n * PAGE),
      sizes: new Float64Array(2 ** 19).fill(PAGE),
      pathOf: n => `far/#${n}`,
    }
    const near = [
      singleClaim('long', 0, 100 * PAGE, data),
      singleClaim('short', 10 * PAGE, 10 * PAGE, data),
      singleClaim('last', 20 * PAGE, PAGE, data),
    ]
    const small = buildOwnership([none, ...near, none], createPageSet(12), PAGE)
    expect([small.groups.length, small.count]).toEqual([3, 3])
    // One is looked through, the other sorted first.
    const large = buildOwnership([...near, none, far], createPageSet(12), PAGE)
    expect(large.path(3)).toBe('far/#0')
    for (const ownership of [small, large]) {
      const pathsIn = (start: number, end: number, limit?: number) =>
        ownership.find(start, end, limit).map(id => ownership.path(id))
      expect(pathsIn(20 * PAGE, 20 * PAGE + 1)).toEqual(['long', 'last'])
      expect(pathsIn(20 * PAGE - 1, 20 * PAGE)).toEqual(['long', 'short'])
      expect(pathsIn(20 * PAGE - 1, 20 * PAGE + 1)).toEqual(['long', 'short', 'last'])
      expect(pathsIn(0, 100 * PAGE, 2)).toHaveLength(2)
      expect(pathsIn(0, 100 * PAGE, 3)).toHaveLength(3)
      expect(pathsIn(100 * PAGE, 101 * PAGE)).toEqual([])
      expect(pathsIn(99 * PAGE, 101 * PAGE)).toEqual(['long'])
    }
  })

  it('stops wherever it is told to', () => {
    const pages = createPageSet(12)
    for (const page of [1, 3, 4, 5, 9]) addBlock(pages, page * PAGE, 0)
    const claims = [
      [0, 2],
      [3, 1],
      [4, 4],
      [4, 1],
      [20, 2],
      [20, 1],
    ] as const
    const groups = claims.map(([page, count], id) =>
      singleClaim(`c/#${id}`, page * PAGE, count * PAGE, { kind: 'data', version: null, preserved: true }),
    )
    const ownership = buildOwnership(groups, pages, PAGE)
    const walks = [
      (visit: (start: number) => unknown) => forEachOwnedRange(pages, ownership, visit),
      (visit: (start: number) => unknown) => forEachOwnedBlock(pages, ownership, visit),
      (visit: (start: number) => unknown) => forEachOrphanBlock(pages, ownership, visit),
      (visit: (start: number) => unknown) => forEachDuplicate(ownership, visit),
    ]
    const all = walks.map(walk => {
      const seen: number[] = []
      walk(start => seen.push(start))
      return seen.map(start => start / PAGE)
    })
    expect(all).toEqual([[1, 3, 4, 5, 9], [1, 3, 4, 5, 9], [9], [4, 20]])
    for (const [n, walk] of walks.entries()) {
      for (let most = 1; most <= all[n]!.length; most++) {
        const seen: number[] = []
        walk(start => seen.push(start) < most)
        expect(seen.map(start => start / PAGE)).toEqual(all[n]!.slice(0, most))
      }
    }
  })

  it('stops when told to', () => {
    const pages = createPageSet(12)
    for (const page of [1, 3, 5]) addBlock(pages, page * PAGE, 0)
    removeBlock(pages, 5 * PAGE, 0)
    const ownership = buildOwnership([], pages, PAGE)
    const seen: number[] = []
    forEachOwnedRange(pages, ownership, start => {
      seen.push(start)
      return false
    })
    expect(seen).toEqual([PAGE])
    expect(listRanges(pages)).toHaveLength(2)
  })
})
