import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { mergeRanges, type Range } from '../../../formats/memory/range.js'
import { bootState, countCalls, eachReservation } from '../../../src/boot/boot.js'
import { loadState } from '../../../src/image/load-state.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { type CorpusImage, corpusBytes, readerOf } from '../../../src/replay/grid/corpus.js'
import { describeWith, material, namesIn, readJson, sha256 } from '../../material.js'

interface Oracle extends CorpusImage {
  preserved: { ranges: { sha256: string } }
  kernel_deserialiser: {
    result: string
    memblock_reserve_calls: number
    other_reservations: [string, string][]
    wrong_sizes?: { count: number; first: [address: string, size: string, order: number][] }
  }
}

const corpus = material('KHO_TEST_CORPUS') ?? ''
const captures = material('KHO_TEST_CAPTURES') ?? ''

function asHex({ start, end }: Range): [address: string, size: string] {
  return [`0x${start.toString(16)}`, `0x${(end - start).toString(16)}`]
}

async function bootCorpus(name: string) {
  const expected = readJson<Oracle>(corpus, `${name}.expected.json`)
  const ram = mergeRanges(
    [...expected.ram, ...expected.scratch.areas].map(([start, end]) => ({
      start: Number(start),
      end: Number(end),
    })),
  )
  const bytes = await corpusBytes(corpus, name)
  const image = await openBytes(bytes, { format: 'raw', base: Number(expected.image.base), ram })
  const scratch = {
    address: Number(expected.scratch.descriptor_phys),
    size: expected.scratch.descriptor_len,
  }
  const state = loadState(image, {
    root: Number(expected.fdt_phys),
    pageShift: expected.page_shift,
    scratch,
    assumeZero: { ram },
  })
  const boot = bootState(state, { reader: readerOf(name.split('/')[0]!), ram, absentIsZero: true })
  return { expected, boot, pageSize: state.geometry.pageSize }
}

describeWith('KHO_TEST_CORPUS', 'early boot on images that kernels wrote', () => {
  const names = ['v5', 'kho-v1-6.16', 'kho-v1-6.19', 'kho-v2-7.0', 'kho-v4-7.2'].flatMap(folder =>
    namesIn(join(corpus, folder), '.expected.json').map(name => `${folder}/${name}`),
  )
  it.each(names)('%s: as many calls, and the same memory, as the kernel itself', async name => {
    const { expected, boot, pageSize } = await bootCorpus(name)
    const oracle = expected.kernel_deserialiser
    expect(boot.end).toBe(oracle.result === 'ok' ? 'done' : oracle.result.split(':')[0])
    expect(countCalls(boot.reservations)).toBe(oracle.memblock_reserve_calls)
    const calls = [...eachReservation(boot.reservations, pageSize)]
    const others = calls.filter(({ order }) => order === null)
    expect(others.map(asHex)).toEqual(oracle.other_reservations)
    // Orders that no allocator has give sizes that wrapped: of those the oracle has a list of their own.
    const blocks = calls.filter(({ order }) => order !== null)
    const wrong = blocks.filter(({ start, end, order }) => end - start !== pageSize * 2 ** order!)
    expect(wrong.length).toBe(oracle.wrong_sizes?.count ?? 0)
    for (const [n, [address, size, order]] of (oracle.wrong_sizes?.first ?? []).entries()) {
      expect([...asHex(wrong[n]!), wrong[n]!.order]).toEqual([address, size, order])
    }
    if (boot.end !== 'done') return
    const merged = mergeRanges(blocks.filter(block => !wrong.includes(block)))
    const lines = merged.map(({ start, end }) => `${start.toString(16)} ${end.toString(16)}\n`).join('')
    expect(sha256(lines)).toBe(expected.preserved.ranges.sha256)
  })
})

describeWith('KHO_TEST_CAPTURES', 'early boot on what a kernel handed to the next', () => {
  it.each(['6.17.8-noluo', '6.19.11-luo', '7.3.4-luo'])(
    '%s: every block in the order in which the next kernel printed it',
    async folder => {
      const path = join(captures, 'releases', folder)
      const image = await openImage(join(path, 'early.slim.elf.zst'))
      const state = loadState(image)
      const calls = [...eachReservation(bootState(state).reservations, state.geometry.pageSize)]
      image.close()
      const ours = calls
        .filter(({ order }) => order !== null)
        .map(({ start, end }) => `0x${start.toString(16)}-0x${end.toString(16)} ${end - start}`)
      const printed = readFileSync(join(path, 'next.reservations.txt'), 'utf8').trim().split('\n')
      expect(ours).toEqual(printed)
    },
  )

  it('restores a block once, and says what the kernel would say of other addresses', async () => {
    const image = await openImage(join(captures, 'linux-7.2.basic-1g.s2-early.elf'))
    const state = loadState(image)
    const results = (reader: string, address: number) =>
      bootState(state, { reader })
        .restore(address)
        .map(({ result }) => result.ok)
    expect(results('7.2', state.root.address)).toEqual([true, false, true, false])
    expect(results('7.2', 0x1000)).toEqual([false, false, false, false])
    expect(bootState(state, { reader: '6.19' }).end).toBe('rejected')
    image.close()
  })
})
