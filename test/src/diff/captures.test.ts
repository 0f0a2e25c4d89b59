import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { AbiName } from '../../../formats/kernels/index.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { convertState } from '../../../src/convert/convert.js'
import { diffStates } from '../../../src/diff/diff.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import type { KhoState } from '../../../src/image/state.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { writeOverlayElf } from '../../../src/write/image-writer.js'
import { describeWith, namesIn, readJson } from '../../material.js'
import { reencoded } from './states.js'

const images: KhoImage[] = []
afterAll(() => {
  for (const image of images) image.close()
})

async function load(folder: string, name: string, root?: 'incoming' | 'outgoing'): Promise<KhoState> {
  const image = await openImage(join(folder, `linux-7.2.${name}.elf`))
  images.push(image)
  return loadState(image, root === undefined ? {} : { root })
}

const lines = (diff: ReturnType<typeof diffStates>, structure = false) =>
  diff.changes
    .filter(
      change => structure || !['version', 'address', 'split', 'structure', 'unknown'].includes(change.class),
    )
    .map(({ path, class: name, what, a, b }) => {
      const values = [a?.value, b?.value].filter(value => value != null).join(' → ')
      return `${path} ${name} ${what}${values === '' ? '' : ` ${values}`}`
    })
const unknownOf = (diff: ReturnType<typeof diffStates>) =>
  diff.changes.filter(change => change.class === 'unknown').map(({ path, what }) => `${path} ${what}`)

describeWith('KHO_TEST_CAPTURES', 'states of a real Linux 7.2', folder => {
  it('s1-out to s1-kexec: LUO was serialised, and what it needs was preserved before', async () => {
    const a = await load(folder, 'basic-1g.s1-out')
    const b = await load(folder, 'basic-1g.s1-kexec')
    const diff = diffStates(a, b)
    expect(diff.same).toBe(false)
    expect(lines(diff)).toEqual([
      'luo resized structures',
      'luo/flbs/#0 added owner FLB object',
      'luo/flbs/#1 added owner FLB object',
      'luo/flbs/#2 added owner FLB object',
      'luo/sessions/vm-a added owner session of 2 files',
      'luo/sessions/vm-a/files/1 added owner memfd-v2, 64 KiB',
      'luo/sessions/vm-a/files/2 added owner memfd-v2, 12345 bytes',
      'luo/sessions/vm-b added owner session of 1 file',
      'luo/sessions/vm-b/files/244837814094590 added owner memfd-v2, 1 MiB',
    ])
    // The block of sessions; blocks of files and the memfds' own pages come with their owners.
    expect([...diff.changes.find(change => change.path === 'luo')!.b!.memory.ranges()]).toEqual([
      { start: 0x24cf000, end: 0x24d0000 },
    ])
    const fileBlock = diff.changes.find(change => change.path === 'luo/sessions/vm-a')!.b!.memory
    expect([...fileBlock.ranges()]).toEqual([{ start: 0x244e000, end: 0x244f000 }])
    // User space had preserved it all by then: the sets are equal, block by block.
    expect(listBlocks(a.tracker.decode.pages)).toEqual(listBlocks(b.tracker.decode.pages))
    expect(diff.totals).toMatchObject({ removedBytes: 0, addedBytes: 0 })
    expect(diff.changes.find(change => change.path === 'luo/sessions/vm-a')!.note).toBe(
      'preserved in A as well',
    )
    expect(unknownOf(diff)).toEqual([
      'scratch areas',
      'memblock/khotrace content',
      'memblock/khosmall content',
      'kho_test content',
    ])
  })

  it('s1-kexec to s2-early: the same state', async () => {
    const diff = diffStates(await load(folder, 'basic-1g.s1-kexec'), await load(folder, 'basic-1g.s2-early'))
    expect(diff.same).toBe(true)
    expect(lines(diff, true)).toEqual(unknownOf(diff).map(text => text.replace(/ (\w+)$/, ' unknown $1')))
    expect(diff.pages.known).toBe(true)
  })

  it('s1-kexec to s2-early with 64K pages: the same state', async () => {
    const [a, b] = [await load(folder, 'arm64-64k-4g.s1-kexec'), await load(folder, 'arm64-64k-4g.s2-early')]
    const diff = diffStates(a, b)
    expect(lines(diff, false)).toEqual([])
    // Only s1-kexec holds the memfds' contents.
    expect(unknownOf(diff)).toContain('luo/sessions/vm-a/files/1 content')
    expect(diff.same).toBe(true)
  })

  it('s1-kexec to s2-kexec of a chain: everything has another name or place, the contents are the same', async () => {
    const diff = diffStates(
      await load(folder, 'chain-512m.s1-kexec'),
      await load(folder, 'chain-512m.s2-kexec'),
    )
    expect(lines(diff)).toEqual([
      'memblock moved structures',
      'luo moved structures',
      'luo content-changed liveupdateNumber 1 → 2',
      'luo/sessions/chained-session renamed name session of 2 files → session of 2 files',
      'luo/sessions/chained-session moved structures',
      'luo/sessions/chained-session/files/1001 renamed name memfd-v2, 256 KiB → memfd-v2, 256 KiB',
      'luo/sessions/chained-session/files/1001 moved structures',
      'luo/sessions/chained-session/files/1002 renamed name memfd-v2, 40000 bytes → memfd-v2, 40000 bytes',
      'luo/sessions/chained-session/files/1002 moved structures',
      'kexec-metadata moved structures',
      'kexec-metadata content-changed kexecCount 1 → 2',
      'kho_test removed owner blob (kho-test-v1)',
    ])
    const renamed = diff.changes
      .filter(change => change.class === 'renamed')
      .map(({ a, b }) => [a!.path, b!.path])
    expect(renamed).toEqual([
      ['luo/sessions/vm-c', 'luo/sessions/chained-session'],
      ['luo/sessions/vm-c/files/1', 'luo/sessions/chained-session/files/1001'],
      ['luo/sessions/vm-c/files/2', 'luo/sessions/chained-session/files/1002'],
    ])
    expect(unknownOf(diff)).toEqual(['scratch areas', 'memblock/khotrace content'])
  })

  it('incoming against outgoing: a set that was overwritten is unknown, not empty', async () => {
    const a = await load(folder, 'basic-1g.s2-in', 'incoming')
    const b = loadState(a.image, { root: 'outgoing' })
    const diff = diffStates(a, b)
    expect(unknownOf(diff)).toEqual(['tracker pages'])
    expect(diff.pages.known).toBe(false)
    expect(diff.totals).toMatchObject({ removedBytes: 0, addedBytes: 0 })
    expect(lines(diff)).toContain('luo/sessions/vm-a removed owner session of 2 files')
    expect(lines(diff).filter(line => line.startsWith('memblock/'))).toEqual([])
  })

  it('pages of two sizes: both are compared in the smaller, and that is said', async () => {
    const diff = diffStates(
      await load(folder, 'basic-1g.s1-kexec'),
      await load(folder, 'arm64-64k-4g.s1-kexec'),
    )
    const change = diff.changes.find(({ what }) => what === 'page size')!
    expect([change.a!.value, change.b!.value, change.note]).toEqual([
      '4096',
      '65536',
      'compared in pages of 4 KiB',
    ])
    expect(lines(diff)).toContain('memblock/khotrace resized memory 2 MiB → 1 MiB')
  })

  it.each(['kho-v1-page', 'kho-v1-512', 'v5-table', 'kho-v3'] as AbiName[])(
    'a capture against the same set as %s: only structure differs',
    async abi => {
      const a = await load(folder, 'basic-1g.s1-kexec')
      const diff = diffStates(a, reencoded(a, abi))
      expect(lines(diff)).toEqual([])
      expect(diff.same).toBe(true)
      expect(diffStates(a, reencoded(a, abi), { structure: true }).same).toBe(false)
    },
  )
})

describeWith('KHO_TEST_CAPTURES', 'states of a real Linux 7.2 in other forms', folder => {
  it.each(['kho-v1-page', 'kho-v1-512', 'kho-v3'] as AbiName[])(
    'a capture against its conversion to %s: only structure differs',
    async to => {
      const a = await load(folder, 'basic-1g.s1-kexec')
      const conversion = convertState(a, { to })
      const pieces: [number, Uint8Array][] = []
      const size = writeOverlayElf(a.image, conversion, (bytes, at) => pieces.push([at, bytes.slice()]))
      const file = new Uint8Array(size)
      for (const [at, bytes] of pieces) file.set(bytes, at)
      const b = loadState(await openBytes(file), { root: conversion.root, abi: to })
      const diff = diffStates(a, b)
      expect(lines(diff)).toEqual([])
      expect(diff.same).toBe(true)
      expect(diff.totals.classes.version).toBeGreaterThan(0)
    },
  )

  it('a copy of debugfs: its preserved set and its addresses are unknown, not empty', async () => {
    const image = await openImage(join(folder, 'debugfs-basic-1g/out'))
    images.push(image)
    const debugfs = loadState(image)
    const dump = await load(folder, 'basic-1g.s1-out')
    for (const diff of [diffStates(debugfs, dump), diffStates(dump, debugfs)]) {
      expect(lines(diff)).toEqual([])
      expect(unknownOf(diff)).toEqual(
        expect.arrayContaining(['tracker pages', 'kexec-metadata memory', 'scratch areas']),
      )
      expect(diff.same).toBe(true)
    }
    // What it does tell is compared.
    const later = diffStates(debugfs, await load(folder, 'chain-512m.s2-kexec'))
    expect(lines(later)).toContain('kexec-metadata content-changed kexecCount 1 → 2')
    expect(lines(later)).toContain('memblock/khosmall removed owner reserve_mem region, 12 KiB')
  })
})

const FOLDERS: Record<string, AbiName> = {
  v5: 'v5',
  'kho-v1-6.16': 'kho-v1-512',
  'kho-v1-6.19': 'kho-v1-page',
  'kho-v2-7.0': 'kho-v2',
  'kho-v4-7.2': 'kho-v4',
}

describeWith('KHO_TEST_CORPUS', 'images of five kernels', corpus => {
  const good = Object.keys(FOLDERS).flatMap(folder =>
    namesIn(join(corpus, folder), '.expected.json')
      .filter(name => !readJson<{ quirk?: boolean }>(corpus, folder, `${name}.expected.json`).quirk)
      .map(name => [folder, name] as const),
  )

  it('has the images that these tests are about', () => {
    expect(good).toHaveLength(56)
  })

  it.each(good)('%s/%s is the same as itself, written by us', async (folder, name) => {
    const expected = readJson<{ image: { base: string }; fdt_phys: string; page_shift: 12 | 14 | 16 }>(
      corpus,
      folder,
      `${name}.expected.json`,
    )
    const image = await openImage(join(corpus, folder, `${name}.img.zst`), {
      base: Number(expected.image.base),
    })
    const a = loadState(image, { root: Number(expected.fdt_phys), pageShift: expected.page_shift })
    image.close()
    const ours = diffStates(a, reencoded(a, FOLDERS[folder]!), { structure: true, ignore: ['address'] })
    expect(lines(ours, true).filter(line => !line.includes('unknown'))).toEqual([])
    expect(ours.same).toBe(true)
    // Another format, which has blocks of the same orders: only the way it is written differs.
    const other = diffStates(a, reencoded(a, folder === 'kho-v4-7.2' ? 'kho-v1-page' : 'kho-v3'))
    expect(lines(other)).toEqual([])
    expect(other.same).toBe(true)
    expect(other.totals.classes.split).toBe(0)
  })
})
