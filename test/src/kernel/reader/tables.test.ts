import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AbiName, encoderOf, kernelOf, type ReadingKernel } from '../../../../formats/kernels/index.js'
import { geometry } from '../../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../../formats/memory/memory-builder.js'
import type { Range } from '../../../../formats/memory/range.js'
import { viewOf } from '../../../../formats/memory/u64.js'
import { addBlock, createPageSet } from '../../../../formats/pages/page-set.js'
import { listBlocks, listRanges } from '../../../../formats/pages/runs.js'
import { bootState, eachReservation } from '../../../../src/boot/boot.js'
import { readMap } from '../../../../src/kernel/reader/early-boot.js'
import { createReaderMemory } from '../../../../src/kernel/reader/memory.js'
import { createReserved, keepIn, type ReservationSink } from '../../../../src/kernel/reader/reserved.js'
import { traceBlock } from '../../../../src/owners/tracker-trace.js'
import { validateState } from '../../../../src/validate/validate.js'
import { makeState } from '../../convert/state.js'

const GEO = geometry(12)
const RAM: Range[] = [{ start: 2 ** 20, end: 2 ** 33 }]
const PAGE = 4096

const NOBODY: ReservationSink = { blocks() {}, odd() {}, shifted() {}, tracker() {} }

/** The pages of a tree, writable, and what a kernel makes of them. */
function treeOf(abi: AbiName, blocks: readonly [address: number, order: number][]) {
  const builder = createMemoryBuilder({ geometry: GEO, ram: RAM })
  const writer = encoderOf(abi).createWriter(builder, { geometry: GEO })
  for (const [address, order] of blocks) writer.preserve(address, order)
  const { addresses } = writer.finish()
  const at = (address: number): DataView => {
    const page = builder.memory().read(address, PAGE)
    if (!page.ok) throw new Error('no page of the tree')
    return viewOf(page.bytes)
  }
  const read = (absent: readonly number[] = [], ram: Range[] | null = RAM) => {
    const whole = builder.memory()
    const memory = createReaderMemory(
      {
        ...whole,
        read: (phys, length) =>
          absent.includes(phys - (phys % PAGE))
            ? { ok: false, reason: 'excluded', address: phys }
            : whole.read(phys, length),
      },
      GEO,
      ram,
      false,
    )
    const reserved = createReserved(12)
    // Without RAM that is known a walk in a circle comes to a GiB of bitmaps: nobody keeps them.
    const sink = ram === null ? NOBODY : keepIn(reserved)
    readMap(memory, kernelOf(abi) as ReadingKernel, GEO, addresses, sink)
    return { stop: memory.stopped(), reserved, ranges: listRanges(reserved.pages) }
  }
  return { root: addresses[0]!, at, read }
}

const blocks = fc.array(
  fc.record({ block: fc.integer({ min: 1000, max: 400_000 }), order: fc.integer({ min: 0, max: 3 }) }),
  { minLength: 1, maxLength: 60 },
)

describe('the kernel of v5-table', () => {
  it('reserves the root FDT and then every page, order by order, and none of its tables', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async list => {
        const state = await makeState(
          'v5-table',
          12,
          list.map(entry => ({ ...entry, order: 0 })),
        )
        const boot = bootState(state, { ram: RAM })
        expect(boot.kernel.name).toBe('v5-table')
        const calls = [...eachReservation(boot.reservations, PAGE)]
        expect(calls[0]!.who).toBe('fdt')
        expect(calls.slice(1).map(({ start, order }) => ({ address: start, order }))).toEqual(
          listBlocks(state.tracker.decode.pages),
        )
        expect(validateState(state, { ram: RAM }).outcome.word).toBe('ok')
      }),
      { numRuns: 15 },
    )
  })

  it('counts the bits of larger blocks in pages, so that others are kept: khomem_walk_l1()', async () => {
    const state = await makeState('v5-table', 12, [{ block: 7, order: 9 }])
    const boot = bootState(state, { ram: RAM })
    const calls = [...eachReservation(boot.reservations, PAGE)].slice(1)
    expect(calls).toEqual([{ start: 7 * PAGE, end: 7 * PAGE + 2 ** 21, who: 'block 9', order: 9 }])
    expect(listRanges(boot.reserved!.pages)).toEqual([{ start: 7 * PAGE, end: 7 * PAGE + 2 ** 21 }])
    expect(boot.restore(7 * PAGE)[0]!.result).toEqual({ ok: true, order: 9, again: false })
    const { outcome, findings } = validateState(state, { ram: RAM })
    expect(outcome.word).toBe('accepted-different')
    expect(findings.map(({ rule }) => rule)).toContain('READER-MAP-DIFFERS')
  })

  it('masks the low bits of descriptors, and goes on', () => {
    const { root, at, read } = treeOf('v5-table', [[2 ** 30, 0]])
    const word = at(root).getBigUint64(0, true)
    at(root).setBigUint64(0, word | 0xfffn, true)
    expect(read()).toMatchObject({ stop: null, ranges: [{ start: 2 ** 30, end: 2 ** 30 + PAGE }] })
  })

  it('never comes to the end of a table that leads to itself, and faults on one that is no RAM', () => {
    const { root, at, read } = treeOf('v5-table', [[2 ** 30, 0]])
    for (let slot = 0; slot < 512; slot++) at(root).setBigUint64(slot * 8, BigInt(root), true)
    expect(read([], null).stop?.kind).toBe('loop')
    // A block past the end of RAM ends it sooner.
    expect(read().stop?.kind).toBe('oops')
    const other = treeOf('v5-table', [[2 ** 30, 0]])
    other.at(other.root).setBigUint64(8, 2n ** 44n, true)
    expect(other.read().stop).toMatchObject({ kind: 'oops', address: 2 ** 44 })
  })

  it('faults where a block has no struct page, after what lies before it', () => {
    const { read } = treeOf('v5-table', [[2 ** 40, 0]])
    expect(read().stop).toMatchObject({ kind: 'oops', address: 2 ** 40 })
  })

  it('finds no pointer of its own length in v5, and v5 none in its', async () => {
    const tables = await makeState('v5-table', 12, [{ block: 3000, order: 0 }])
    expect(validateState(tables, { ram: RAM, reader: 'v5' }).outcome.word).toBe('error-reported')
    const list = await makeState('v5', 12, [{ block: 3000, order: 0 }])
    const { outcome } = validateState(list, { ram: RAM, reader: 'v5-table' })
    expect(outcome.word).not.toBe('ok')
  })
})

describe("the mail's way", () => {
  it('reserves nothing for the map, and skips exactly what is preserved', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, fc.integer({ min: 1, max: 2 ** 21 - 1 }), async (list, page) => {
        const state = await makeState(
          'mail-table',
          12,
          list.map(entry => ({ ...entry, order: 0 })),
        )
        const boot = bootState(state, { ram: RAM })
        const { pages } = state.tracker.decode
        expect(boot.reservations.map(({ who }) => who)).toEqual(['fdt'])
        expect(listRanges(boot.reserved!.pages)).toEqual(listRanges(pages))
        expect(validateState(state, { ram: RAM }).outcome.word).toBe('ok')
        for (const { start } of listRanges(pages)) {
          expect(boot.lookUp(start)).toEqual({ skipped: true, steps: traceBlock(state, start, 0) })
        }
        const ranges = listRanges(pages)
        const address = page * PAGE
        const preserved = ranges.some(({ start, end }) => address >= start && address < end)
        expect(boot.lookUp(address)!.skipped).toBe(preserved)
      }),
      { numRuns: 15 },
    )
  })

  it('takes four steps, or as many as there are tables', async () => {
    const state = await makeState('mail-table', 12, [{ block: 3000, order: 0 }])
    const boot = bootState(state, { ram: RAM })
    expect(boot.lookUp(3000 * PAGE)!.steps).toHaveLength(4)
    expect(boot.lookUp(3001 * PAGE)).toMatchObject({ skipped: false, steps: { length: 4 } })
    // Another 128 MiB has no bitmap: the table above says so.
    expect(boot.lookUp(2 ** 32)).toMatchObject({ skipped: false, steps: { length: 3 } })
    expect(boot.assumptions).toContain(
      'what the mail does not say of the kernel that reads is as in patch v5',
    )
  })

  it('never looks at tables of memory that is no RAM', () => {
    const { root, at, read } = treeOf('mail-table', [[2 ** 30, 0]])
    // 32 TiB on: no page there is ever handed over.
    at(root).setBigUint64(8, 2n ** 44n, true)
    expect(read()).toMatchObject({ stop: null, ranges: [{ start: 2 ** 30, end: 2 ** 30 + PAGE }] })
  })

  it('is not known where the dump lacks a table that it asks', () => {
    const { root, read } = treeOf('mail-table', [[2 ** 30, 0]])
    expect(read([root]).stop).toMatchObject({ kind: 'unknown', address: root })
  })

  it('is no way of kernels that reserve', async () => {
    const state = await makeState('kho-v4', 12, [{ block: 3000, order: 0 }])
    expect(bootState(state, { ram: RAM }).lookUp(3000 * PAGE)).toBeNull()
  })
})

/** kho_restore_folio() and kho_restore_phys() of patch v5 09/16. */
describe('restores of v5', () => {
  const restores = async (abi: AbiName, list: { block: number; order: number }[], address: number) =>
    bootState(await makeState(abi, 12, list), { ram: RAM }).restore(address)

  it.each([
    ['a block of order 3, again and again', 8000 * PAGE, [3, 3, 0, 0]],
    ['its second page, whose private nobody wrote', 8001 * PAGE, [0, 0, 0, 0]],
    ['a page that was never preserved', 9000 * PAGE, [0, 0, 0, 0]],
  ])('takes %s', async (_, address, orders) => {
    const calls = await restores('v5', [{ block: 1000, order: 3 }], address)
    expect(calls.map(({ function: name, again }) => `${name} ${again}`)).toEqual([
      'kho_restore_folio false',
      'kho_restore_folio true',
      'kho_restore_phys false',
      'kho_restore_phys true',
    ])
    expect(calls.map(({ result }) => (result.ok ? result.order : result.reason))).toEqual(orders)
  })

  it('faults on an address without a page, which it reads before it looks; kho_restore_phys() gives NULL', async () => {
    const calls = await restores('v5', [{ block: 1000, order: 3 }], 2 ** 45)
    expect(calls[0]!.result).toMatchObject({ ok: false, oops: true })
    expect(calls[2]!.result).toMatchObject({ ok: false, warns: false })
    expect(calls[2]!.result).not.toHaveProperty('oops')
  })

  it('knows no orders of what the mail hands over', async () => {
    const [folio] = await restores('mail-table', [{ block: 8000, order: 0 }], 8000 * PAGE)
    expect(folio!.result).toEqual({ ok: true, order: 0, again: false })
  })
})

it('a set of blocks is the same through both readers where orders are 0', async () => {
  const pages = createPageSet(12)
  for (const page of [300, 301, 40_000, 2 ** 20]) addBlock(pages, page * PAGE, 0)
  const list = listBlocks(pages).map(({ address }): [number, number] => [address, 0])
  const ranges = (abi: AbiName) => treeOf(abi, list).read().ranges
  expect(ranges('v5-table')).toEqual(listRanges(pages))
  expect(ranges('mail-table')).toEqual(listRanges(pages))
})
