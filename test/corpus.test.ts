import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { PageShift } from '../formats/memory/geometry.js'
import { listBlocks, listRanges } from '../formats/pages/runs.js'
import { loadState } from '../src/image/load-state.js'
import { openImage } from '../src/node/open.js'
import { describeWith, material, namesIn, readJson, sha256 } from './material.js'

interface Expected {
  page_shift: PageShift
  quirk?: boolean
  image: { base: string }
  fdt_phys: string
  compatible: string
  bitmap_bytes: number
  ram: [string, string][]
  preserved: { sha256: string; count: number; list: [string, number][]; ranges: { sha256: string } }
  intended?: { list: [string, number][] }
}

const FOLDERS = ['v5', 'kho-v1-6.16', 'kho-v1-6.19', 'kho-v2-7.0', 'kho-v4-7.2']
const corpus = material('KHO_TEST_CORPUS') ?? ''
const expectedOf = (name: string) => readJson<Expected>(corpus, `${name}.expected.json`)
async function load(name: string, { guess = false } = {}) {
  const expected = expectedOf(name)
  const image = await openImage(join(corpus, `${name}.img.zst`), { base: Number(expected.image.base) })
  const state = loadState(
    image,
    guess ? {} : { root: Number(expected.fdt_phys), pageShift: expected.page_shift },
  )
  image.close()
  return { expected, state }
}

const blockLines = (list: { address: number; order: number }[]) =>
  list.map(({ address, order }) => `${address.toString(16)} ${order}\n`).join('')
const rangeLines = (list: { start: number; end: number }[]) =>
  list.map(({ start, end }) => `${start.toString(16)} ${end.toString(16)}\n`).join('')

describeWith('KHO_TEST_CORPUS', 'images written by the code of five kernels', () => {
  const images = FOLDERS.flatMap(folder =>
    namesIn(join(corpus, folder), '.expected.json').map(name => `${folder}/${name}`),
  )
  const good = images.filter(name => !expectedOf(name).quirk)
  const quirks = images.filter(name => expectedOf(name).quirk)

  it('has the images that these tests are about', () => {
    expect(good).toHaveLength(56)
    expect(quirks).toHaveLength(7)
  })

  it.each(good)('%s decodes to what its kernels agree on', async name => {
    const { expected, state } = await load(name)
    const blocks = listBlocks(state.tracker.decode.pages)
    expect(blocks).toHaveLength(expected.preserved.count)
    expect(sha256(blockLines(blocks))).toBe(expected.preserved.sha256)
    expect(sha256(rangeLines(listRanges(state.tracker.decode.pages)))).toBe(expected.preserved.ranges.sha256)
    expect(state.tracker.state).toBe('live')
    expect(state.tracker.decode.faults).toEqual([])
  })

  it.each(good)('%s tells its root, page size and bitmap size itself', async name => {
    const { expected, state } = await load(name, { guess: true })
    expect(state.root.address).toBe(Number(expected.fdt_phys))
    expect(state.geometry.pageShift).toBe(expected.page_shift)
    expect(sha256(blockLines(listBlocks(state.tracker.decode.pages)))).toBe(expected.preserved.sha256)
  })

  it.each(quirks)(
    '%s: what is possible is listed, what is not is a finding that names the bug',
    async name => {
      const { expected, state } = await load(name)
      const blocks = listBlocks(state.tracker.decode.pages)
      const codes = state.tracker.decode.faults.map(fault => fault.code)
      if (name.includes('.16k')) {
        expect(blocks).toEqual(
          expected.intended?.list.map(([address, order]) => ({ address: Number(address), order })),
        )
        expect(codes).toContain('RADIX-DEPTH-16K')
        return
      }
      const possible = expected.preserved.list.filter(([, order]) => order < 64)
      expect(blocks).toEqual(possible.map(([address, order]) => ({ address: Number(address), order })))
      const impossible = possible.length < expected.preserved.list.length
      expect(codes).toEqual(impossible ? ['PFN0-ORDER'] : [])
    },
  )
})
