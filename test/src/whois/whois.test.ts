import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeMemblock } from '../../../formats/blobs/index.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { traceBlock } from '../../../src/owners/tracker-trace.js'
import { whois } from '../../../src/whois/whois.js'
import { describeWith } from '../../material.js'
import { fixture } from '../cli/kho.js'
import { machine } from '../owners/synthetic.js'

async function capture(name: string): Promise<KhoState> {
  return loadState(await openImage(fixture(name)))
}

describe('whois', () => {
  it('knows the root FDT down to its bit, and its neighbour', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const answer = whois(state, 0x60d000n)
    expect(answer).toMatchObject({
      preserved: true,
      block: { address: 0x60d000, order: 0 },
      owners: [{ path: 'fdt', kind: 'blob', version: 'kho-v4', preserved: true }],
      memory: 'ram',
      previous: null,
      next: { address: 0x613000, order: 0 },
      hints: [],
    })
    expect(answer.trackerPath.map(({ node, slot, bit }) => [node.slice(14), slot, bit])).toEqual([
      ['0x630000', 2, null],
      ['0x60e000', 0, null],
      ['0x60f000', 0, null],
      ['0x610000', 0, null],
      ['0x611000', 0, null],
      // pfn 0x60d
      ['0x612000', null, 0x60d],
    ])
  })

  it('names the owner of every page of a large block, also behind the end of a blob', async () => {
    const made = machine()
    const blob = made.allocate(4)
    made.addBlob({ name: 'odd', address: blob.address, size: 73 })
    const state = await made.state()
    for (let page = 0; page < 4; page++) {
      const answer = whois(state, BigInt(blob.address + page * 4096 + 5))
      expect(answer.block).toEqual({ address: blob.address, order: 2 })
      expect(answer.owners.map(owner => owner.path)).toEqual(['blobs/odd'])
      expect(answer.hints[0]).toContain('not page aligned: 0x5 bytes into the page')
    }
  })

  it('names no owner of data behind its end: a region has not all of the block that begins with it', async () => {
    const made = machine()
    const block = made.allocate(4)
    const regions = [{ name: 'small', start: block.address, size: 4096 }]
    made.addBlob({ name: 'memblock', ...encodeMemblock(made, made.geometry, regions) })
    const state = await made.state()
    const pathsAt = (page: number) =>
      whois(state, BigInt(block.address + page * 4096)).owners.map(owner => owner.path)
    expect(pathsAt(0)).toEqual(['memblock/small'])
    expect(pathsAt(1)).toEqual([])
    expect(whois(state, BigInt(block.address + 4096)).block).toEqual({ address: block.address, order: 2 })
  })

  it('names both owners of a page that two have', async () => {
    const made = machine()
    const file = made.memfd(1n, new Uint8Array(4096))
    made.addLuo({ sessions: [{ name: 'a', files: [file, { ...file, token: 2n }] }] })
    const paths = whois(await made.state(), file.data).owners.map(owner => owner.path)
    expect(paths).toEqual(['luo/sessions/a/files/1/memfd', 'luo/sessions/a/files/2/memfd'])
  })

  it('tells scratch, the tracker, what is left out and what is outside', async () => {
    const state = await capture('basic-1g.s2-early')
    const [area] = state.scratch!
    const inScratch = whois(state, BigInt(area!.start))
    expect(inScratch).toMatchObject({ preserved: false, memory: 'scratch', trackerPath: [] })
    expect(inScratch.owners[0]).toMatchObject({ path: 'scratch/#0', preserved: false })
    const node = whois(state, BigInt(state.tracker.root!))
    expect(node).toMatchObject({ preserved: false, block: null })
    expect(node.owners[0]?.path).toBe(`tracker/nodes/0x${state.tracker.root!.toString(16)}`)
    expect(whois(state, 2n ** 51n)).toMatchObject({ preserved: false, memory: 'outside', next: null })
    const made = machine()
    const gone = await made.state()
    // The last page of its RAM is in the ELF without bytes.
    expect(whois(gone, 2n ** 31n - 4096n)).toMatchObject({ memory: 'excluded', absent: 'excluded' })
  })

  it('says what may have been meant', async () => {
    const state = await capture('basic-1g.s1-kexec')
    const hint = (address: bigint) => whois(state, address).hints.join('\n')
    expect(hint(0xffff88800060d000n)).toContain(
      'direct map; without address randomisation it is physical 0x60d000, which is preserved',
    )
    expect(hint(0xffff888000001000n)).toContain('0x1000, which is not preserved')
    expect(hint(0xffffea0000018340n)).toContain(
      'struct page; without address randomisation it is physical 0x60d000, which is preserved',
    )
    expect(hint(0xffffc90000000000n)).toContain('vmalloc area')
    expect(hint(0xffffffff81000000n)).toContain('kernel image')
    expect(hint(0xffffffffffffffffn)).toContain('kernel virtual address')
    expect(hint(2n ** 52n)).toContain('2^52 or more')
    expect(hint(0x60dn)).toContain('page frame number was meant: its page is at 0x60d000')
    expect(hint(0x60d000n)).toBe('')
    expect(whois(state, 2n ** 64n - 1n)).toMatchObject({ preserved: false, memory: 'outside' })
  })

  it('says that a page is preserved twice', async () => {
    const made = machine()
    const block = made.allocate(4)
    made.tracker.preserve(block.address, 0)
    expect(whois(await made.state(), BigInt(block.address))).toMatchObject({
      block: { address: block.address, order: 0 },
      overlapping: [{ address: block.address, order: 2 }],
    })
  })
})

/** Steps on the way to a bit, by format. */
const IMAGES: [name: string, nodes: number][] = [
  ['kho-v1-6.16', 2],
  ['kho-v1-6.19', 2],
  ['kho-v2-7.0', 4],
  ['v5', 2],
]

describeWith('KHO_TEST_CORPUS', 'the way to the bit in images of earlier kernels', folder => {
  it.each(IMAGES)('%s', async (series, least) => {
    const { namesIn, readJson } = await import('../../material.js')
    const names = namesIn(join(folder, series), '.expected.json')
    let traced = 0
    for (const name of names.slice(0, 6)) {
      const file = join(folder, series, name)
      const expected = readJson<{
        fdt_phys: string
        page_shift: 12
        image: { base: string }
        quirk?: boolean
      }>(`${file}.expected.json`)
      if (expected.quirk === true) continue
      const image = await openImage(`${file}.img.zst`, { base: Number(expected.image.base) })
      const state = loadState(image, { root: Number(expected.fdt_phys), pageShift: expected.page_shift })
      for (const { address, order } of listBlocks(state.tracker.decode.pages).slice(0, 200)) {
        const steps = traceBlock(state, address, order)
        expect(steps.length, `${name} ${address.toString(16)}/${order}`).toBeGreaterThanOrEqual(least)
        expect(steps.at(-1)!.bit).toBeTypeOf('number')
        traced++
      }
      image.close()
    }
    expect(traced).toBeGreaterThan(0)
  })
})
