import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import { type AbiName, abiOf, writingKernelNamed } from '../../../formats/kernels/index.js'
import { PAGE_SHIFTS } from '../../../formats/memory/geometry.js'
import { rangesTouch } from '../../../formats/memory/range.js'
import { difference, isEmptySet, samePages } from '../../../formats/pages/algebra.js'
import { blocksAt, orders } from '../../../formats/pages/page-set.js'
import { listBlocks, listRanges } from '../../../formats/pages/runs.js'
import { convertState } from '../../../src/convert/convert.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { ROOT } from '../../built.js'
import { describeWith, namesIn } from '../../material.js'
import { blocks, makeState, reopen, told, WRITTEN } from './state.js'

/** New pages lie neither in scratch nor in what is preserved. */
function expectPlaced(state: KhoState): void {
  const { decode } = state.tracker
  const scratch = (state.scratch ?? []).map(({ start, size }) => ({ start, end: start + size }))
  scratch.sort((a, b) => a.start - b.start)
  for (const { address, size } of decode.nodes) {
    expect(blocksAt(decode.pages, address)).toEqual([])
    expect(rangesTouch(scratch, address, address + size)).toBe(false)
  }
}

describe.each(PAGE_SHIFTS.map(shift => [shift] as const))('pages of 2^%i bytes', pageShift => {
  it.each(WRITTEN)('from %s to any other and back loses nothing but what the report says', async from => {
    await fc.assert(
      fc.asyncProperty(blocks, fc.constantFrom(...WRITTEN), fc.nat(1000), async (list, to, seed) => {
        const source = await makeState(
          from,
          pageShift,
          from === 'mem4' || from === 'mail-table'
            ? list.map(b => ({ ...b, order: 0 }))
            : list.map(b => (from === 'v5-table' ? { ...b, order: Math.min(b.order, 10) } : b)),
        )
        fc.pre(source.tracker.state === 'live')
        const there = convertState(source, { to, seed })
        const other = await reopen(source, there, told(source, there))
        const flaws = there.losses.filter(({ code }) => code === 'FORMAT-FLAW').length
        if (to !== 'kho-v2' || pageShift !== 14) expect(flaws).toBe(0)
        expect(other.tracker.decode.faults.length).toBe(flaws)
        expect(there.losses.filter(({ code }) => code === 'BLOCKS-LOST')).toEqual([])
        expect(other.abi).toBe(to)
        expectPlaced(other)
        const losesOrders = there.losses.some(({ code }) => code === 'ORDERS')
        // A root FDT that is preserved is a block more.
        const added = difference(other.tracker.decode.pages, source.tracker.decode.pages)
        const expected = there.losses.filter(
          ({ code }) => code === 'ROOT-BLOCK' || code === 'ROOT-MOVED',
        ).length
        if (!losesOrders) expect(listBlocks(added).length).toBeLessThanOrEqual(expected)
        const back = convertState(other, { to: from, seed: seed + 1 })
        const again = await reopen(other, back, told(other, back))
        const lost = difference(source.tracker.decode.pages, again.tracker.decode.pages)
        if (losesOrders) {
          const covered = listRanges(again.tracker.decode.pages)
          for (const { start, end } of listRanges(source.tracker.decode.pages)) {
            expect(covered.some(range => range.start <= start && range.end >= end)).toBe(true)
          }
        } else {
          expect(isEmptySet(lost)).toBe(true)
        }
      }),
      { numRuns: 12 },
    )
  })
})

describe('a tracker that has no room', () => {
  it('says so: orders past 10 in tables, any order in mem arrays', async () => {
    const state = await makeState('kho-v4', 12, [{ block: 3, order: 12 }])
    const tables = convertState(state, { to: 'v5-table' })
    expect(tables.losses).toContainEqual({
      code: 'ORDERS',
      kind: 'lost',
      path: 'tracker',
      message: '1 blocks of order 12 become 4 blocks of order 10 each',
    })
    expect(orders(tables.pages)).toEqual([0, 10])
    const arrays = convertState(state, { to: 'mem4' })
    expect(arrays.losses.find(({ code }) => code === 'ORDERS')?.message).toContain(
      'mem-array knows no orders',
    )
    expect(listRanges(arrays.pages)).toEqual(listRanges(state.tracker.decode.pages))
  })

  it.each(['graf', 'sketch', 'ranges', 'radix-rfc1', 'radix-rfc2'] as AbiName[])(
    '%s, which was only posted, has the same pages',
    async to => {
      const state = await makeState('kho-v4', 12, [
        { block: 3000, order: 0 },
        { block: 7, order: 9 },
      ])
      const converted = convertState(state, { to })
      expect(listRanges(converted.pages)).toEqual(listRanges(state.tracker.decode.pages))
    },
  )
})

const FIXTURES = readdirSync(join(ROOT, 'fixtures')).filter(name => name.endsWith('.elf'))
const fixture = async (name: string) => loadState(await openImage(join(ROOT, 'fixtures', name)))

/** What blobs say, without where findings lie. */
const blobsOf = (state: KhoState) =>
  JSON.stringify(
    state.blobs().map(({ name, address, format, value }) => ({ name, address, format, value })),
    (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  )

describe.each(FIXTURES)('%s', name => {
  it.each(WRITTEN.filter(abi => abi !== 'kho-v4'))('becomes %s and comes back', async to => {
    const state = await fixture(name)
    const there = convertState(state, { to })
    const other = await reopen(state, there, told(state, there))
    expect(other.tracker.state).toBe('live')
    expect(other.tracker.decode.faults).toEqual([])
    expectPlaced(other)
    const { blobSize, blobProperty } = abiOf(to)
    const dropped = there.losses.filter(({ code }) => code === 'BLOB-SIZE-DROPPED').length
    expect(dropped).toBe(blobProperty !== null && !blobSize ? state.blobs().length : 0)
    const back = convertState(other, { to: 'kho-v4' })
    const again = await reopen(other, back)
    expect(again.abi).toBe('kho-v4')
    expect(blobsOf(again)).toBe(blobsOf(state))
    if (to === 'mem4' || to === 'mail-table') {
      expect(listRanges(again.tracker.decode.pages)).toEqual(listRanges(state.tracker.decode.pages))
    } else {
      expect(samePages(again.tracker.decode.pages, state.tracker.decode.pages)).toBe(true)
    }
    expect(again.root.address).toBe(state.root.address)
    expect(again.scratch).toEqual(state.scratch)
    expect(again.root.direction).toBe(state.root.direction)
  })

  it('has the root FDT of the kernel again, byte for byte', async () => {
    const state = await fixture(name)
    const there = convertState(state, { to: 'kho-v1-page' })
    const back = convertState(await reopen(state, there), { to: 'kho-v4' })
    const size = state.fdt.header.totalsize
    const old = state.image.memory.read(state.root.address, size)
    const now = back.memory.read(back.root, size)
    if (!old.ok || !now.ok) throw new Error('the root FDT is there')
    const map = Buffer.alloc(8)
    map.writeBigUInt64LE(BigInt(state.tracker.root!))
    const at = Buffer.from(old.bytes).indexOf(map)
    const same = [...old.bytes].filter((byte, n) => (n < at || n >= at + 8) && byte !== now.bytes[n])
    expect(at).toBeGreaterThan(0)
    expect(same).toEqual([])
  })
})

describe('--blobs', () => {
  it('loses seals in memfd-v1 and says so, file by file', async () => {
    const state = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const sealed = filesOf(state).filter(({ memfd }) => (memfd?.seals ?? 0) !== 0)
    const conversion = convertState(state, { to: 'kho-v1-page', blobs: writingKernelNamed('7.0') })
    const other = await reopen(state, conversion)
    expect(sealed.length).toBeGreaterThan(0)
    expect(conversion.losses.filter(({ code }) => code === 'SEALS').map(({ path }) => path)).toEqual(
      sealed.map(({ memfd }) => memfd!.path),
    )
    expect(filesOf(other).every(({ memfd }) => memfd === null || memfd.version === 1)).toBe(true)
    expect(filesOf(other).map(essence)).toEqual(filesOf(state).map(essence))
    expect(conversion.losses.filter(({ code }) => code === 'CHILD-DROPPED').map(({ path }) => path)).toEqual([
      'kexec-metadata',
    ])
  })

  it('writes LUO as an FDT for 7.1, and every structure is preserved', async () => {
    const state = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const conversion = convertState(state, { to: 'kho-v3', blobs: writingKernelNamed('7.1') })
    const other = await reopen(state, conversion)
    const luo = other.blobs().find(({ value }) => value?.kind === 'luo')!
    expect(luo.format).toBe('luo-v1')
    expect(luo.faults).toEqual([])
    expect(filesOf(other).map(essence)).toEqual(filesOf(state).map(essence))
    for (const { address } of other.blobs()) {
      expect(blocksAt(other.tracker.decode.pages, address!).length).toBe(1)
    }
    const back = convertState(other, { to: 'kho-v4', blobs: writingKernelNamed('7.2') })
    expect(filesOf(await reopen(other, back)).map(essence)).toEqual(filesOf(state).map(essence))
  })

  it('changes nothing where a state is in that version', async () => {
    const state = await fixture('linux-7.2.basic-1g.s2-early.elf')
    const { losses, pages } = convertState(state, { to: 'kho-v4', blobs: writingKernelNamed('7.2') })
    expect(losses).toEqual([])
    expect(samePages(pages, state.tracker.decode.pages)).toBe(true)
  })

  it('writes the list of the kernel test in the form of the release, and back', async () => {
    const image = await openImage('fixtures/releases/6.17.8/early.elf.zst')
    const state = loadState(image)
    const there = convertState(state, { to: 'kho-v1-page', blobs: writingKernelNamed('6.18') })
    const other = await reopen(state, there, told(state, there))
    const back = convertState(other, { to: 'kho-v1-512', blobs: writingKernelNamed('6.17'), seed: 1 })
    const again = await reopen(other, back, told(other, back))
    const testOf = (made: KhoState) => {
      const value = made.blobs().find(({ name }) => name === 'kho_test')?.value
      if (value?.kind !== 'kho-test') throw new Error('no kho_test')
      const { form, csum, folios } = value
      return { form, csum, folios: [...folios.address].map((at, n) => `${at} ${folios.order[n]}`) }
    }
    expect(testOf(state).form).toBe('array')
    expect(testOf(other)).toEqual({ ...testOf(state), form: 'vmalloc' })
    expect(testOf(again)).toEqual(testOf(state))
    // Nothing of the list that was an area stays behind.
    expect(listBlocks(again.tracker.decode.pages)).toHaveLength(listBlocks(state.tracker.decode.pages).length)
    image.close()
  })

  it('adds objects that the release binds every file to, once, with a count of all files', async () => {
    const state = await fixture('linux-7.2.basic-1g.s2-early.elf')
    const flbs = [
      { name: 'liveupdate-test-flb-v0', data: 1n },
      { name: 'other-v1', data: 2n },
    ]
    const conversion = convertState(state, { to: 'kho-v4', blobs: writingKernelNamed('7.2'), flbs })
    const other = await reopen(state, conversion)
    const flbsOf = (made: KhoState) =>
      made.blobs().flatMap(({ value }) => (value?.kind === 'luo' ? (value.flbs?.entries ?? []) : []))
    const before = flbsOf(state).map(({ name, data, count }) => [name, data, count])
    expect(flbsOf(other).map(({ name, data, count }) => [name, data, count])).toEqual([
      ...before,
      ...flbs
        .filter(({ name }) => !before.some(([had]) => had === name))
        .map(({ name, data }) => [name, data, BigInt(filesOf(state).length)]),
    ])
  })

  it('drops what a release does not know', async () => {
    const state = await fixture('linux-7.2.basic-1g.s1-kexec.elf')
    const conversion = convertState(state, { to: 'kho-v1-512', blobs: writingKernelNamed('6.16') })
    const other = await reopen(state, conversion, told(state, conversion))
    expect(
      other
        .blobs()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(
      state
        .blobs()
        .map(({ name }) => name)
        .filter(name => name !== 'LUO' && name !== 'kexec-metadata')
        .sort(),
    )
  })
})

function filesOf(state: KhoState) {
  return state
    .blobs()
    .flatMap(({ value }) => (value?.kind === 'luo' ? value.sessions.flatMap(session => session.files) : []))
}

/** What a file is, in any version. */
function essence({ token, memfd }: ReturnType<typeof filesOf>[number]) {
  return { token, position: memfd?.position, size: memfd?.size, folios: memfd?.nrFolios }
}

describe('a state that is not whole', () => {
  it('is refused', async () => {
    const image = await openImage(join(ROOT, 'fixtures/linux-7.2.basic-1g.s2-in.elf'))
    const stale = loadState(image, { root: 'incoming' })
    expect(stale.tracker.state).toBe('stale')
    let code = ''
    try {
      convertState(stale, { to: 'kho-v3' })
    } catch (error) {
      if (isKhoError(error)) code = error.code
    }
    expect(code).toBe('broken-state')
  })
})

describeWith('KHO_TEST_CAPTURES', 'captures of a real Linux 7.2', captures => {
  it.each(namesIn(captures, '.elf'))('%s to kho-v1-page to kho-v4 has the same pages', async name => {
    const state = loadState(await openImage(join(captures, `${name}.elf`)))
    const there = convertState(state, { to: 'kho-v1-page' })
    const other = await reopen(state, there)
    expect(other.abi).toBe('kho-v1-page')
    expect(samePages(other.tracker.decode.pages, state.tracker.decode.pages)).toBe(true)
    const again = await reopen(other, convertState(other, { to: 'kho-v4' }))
    expect(samePages(again.tracker.decode.pages, state.tracker.decode.pages)).toBe(true)
    expect(blobsOf(again)).toBe(blobsOf(state))
  })
})
