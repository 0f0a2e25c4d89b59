import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BlobValue, LuoFile } from '../../../formats/blobs/index.js'
import { readMemfdFolios } from '../../../formats/blobs/memfd-folios.js'
import { bootState, eachReservation } from '../../../src/boot/boot.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { describeWith, material } from '../../material.js'
import { CAPTURED_RELEASES, releaseFixture } from '../capture/release-fixture.js'

function blobOf<K extends BlobValue['kind']>(state: KhoState, kind: K) {
  for (const { value } of state.blobs())
    if (value?.kind === kind) return value as Extract<BlobValue, { kind: K }>
  return null
}

/** Folios of a file in the order of its pages. */
function foliosOf({ image, geometry }: KhoState, { memfd }: LuoFile): { address: number; index: number }[] {
  const { count, pfn, index } = readMemfdFolios(image.memory, memfd!, geometry)
  return Array.from({ length: count }, (_, n) => ({
    address: (pfn[n] as number) * geometry.pageSize,
    index: index[n] as number,
  }))
}

describe.each(CAPTURED_RELEASES)('the next kernel of %s', release => {
  const { dump, capture } = releaseFixture(release)

  it('reserves in the order in which the real one printed it', async () => {
    const image = await openImage(dump('early'))
    const state = loadState(image)
    const boot = bootState(state)
    const ours = [...eachReservation(boot.reservations, state.geometry.pageSize)].filter(
      ({ order }) => order !== null,
    )
    image.close()
    expect(ours.map(({ start, end }) => ({ start, end }))).toEqual(
      capture.reservations.map(({ start, end }) => ({ start, end })),
    )
  })

  it('restores of each memfd what the real one gave user space, and once', async () => {
    const image = await openImage(dump('early'))
    const state = loadState(image)
    const boot = bootState(state)
    const files = (blobOf(state, 'luo')?.sessions ?? []).flatMap(({ name, files: all }) =>
      all.map(file => ({ name, file })),
    )
    expect(files.length).toBe(capture.retrieved!.files.length)
    for (const { name, file } of files) {
      const real = capture.retrieved!.files.find(
        ({ session, token }) => session === name && token === file.token,
      )!
      const frames = new Map<number, number>()
      for (const [index, pfn, count] of real.frames!) {
        for (let n = 0; n < count; n++) frames.set(index + n, pfn + n)
      }
      for (const { address, index } of foliosOf(state, file)) {
        const calls = boot.restore(address)
        const [first, again] = calls.map(({ result }) => result)
        if (!first!.ok) throw new Error(first!.reason)
        expect(again).toMatchObject({ ok: false, warns: true })
        // Every page of the folio is where the real kernel's user space found it, as far as the file goes.
        for (let n = 0; n < 2 ** first!.order!; n++) {
          const pfn = frames.get(index + n)
          if (pfn !== undefined) expect(pfn).toBe(address / state.geometry.pageSize + n)
        }
        expect(frames.has(index)).toBe(true)
      }
    }
    image.close()
  })
})

describeWith('KHO_TEST_CAPTURES', 'the test of the kernel itself', () => {
  const folder = join(material('KHO_TEST_CAPTURES') ?? '', 'releases')

  it.each(['6.17.8-noluo', '6.19.11-luo', '7.3.4-luo'])(
    '%s: each folio comes back, as it said',
    async name => {
      const log = readFileSync(join(folder, name, 'next.dmesg.txt'), 'utf8')
      expect(log).toContain('KHO restore succeeded')
      const image = await openImage(join(folder, name, 'early.slim.elf.zst'))
      const state = loadState(image)
      const boot = bootState(state)
      const { count, address, order } = blobOf(state, 'kho-test')!.folios
      expect(count).toBeGreaterThan(0)
      for (let n = 0; n < count; n++) {
        const [first] = boot.restore(address[n] as number)
        expect(first).toMatchObject({ function: 'kho_restore_folio', result: { ok: true, order: order[n] } })
      }
      image.close()
    },
  )
})
