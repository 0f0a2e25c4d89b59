import { join } from 'node:path'
import { expect, it } from 'vitest'
import { listBlocks, listRanges } from '../formats/pages/runs.js'
import { loadState, loadStates } from '../src/image/load-state.js'
import { openImage } from '../src/node/open.js'
import { describeWith, material, namesIn, readJson } from './material.js'

interface ExpectedFdt {
  phys: string
  compatible: string
  radix_root: string
  radix: { nbad: number }
  preserved: Record<string, string[]>
  preserved_ranges: [string, string][]
  radix_nodes: [string, number][]
  subtrees: Record<string, { phys: string; blob_size: number }>
}

interface Expected {
  moment: string
  page_size?: number
  fdts: ExpectedFdt[]
  setup_data_kho: { scratch: [string, string][] }[]
  dtb_kho?: { scratch: [string, string][]; role: string }[]
}

const captures = material('KHO_TEST_CAPTURES') ?? ''
const open = (name: string) => openImage(join(captures, `${name}.elf`))
const expectedOf = (name: string) => readJson<Expected>(captures, `${name}.expected.json`)

/** What each moment's roots are, best first. */
const SIDES: Record<string, string[]> = {
  's1-out': ['outgoing live'],
  's1-kexec': ['outgoing live'],
  's2-early': ['incoming live'],
  's2-in': ['outgoing live', 'incoming stale'],
  's2-kexec': ['outgoing live', 'incoming stale'],
  's3-in': ['outgoing live', 'incoming stale'],
}

function checkState(state: ReturnType<typeof loadState>, fdt: ExpectedFdt) {
  const { decode } = state.tracker
  const blocks: Record<string, string[]> = {}
  for (const { address, order } of listBlocks(decode.pages)) {
    blocks[order] ??= []
    blocks[order].push(`0x${address.toString(16)}`)
  }
  expect(blocks).toEqual(fdt.preserved)
  expect(
    listRanges(decode.pages).map(({ start, end }) => [`0x${start.toString(16)}`, `0x${end.toString(16)}`]),
  ).toEqual(fdt.preserved_ranges)
  expect(decode.nodes.map(node => [`0x${node.address.toString(16)}`, node.level]).sort()).toEqual(
    [...fdt.radix_nodes].sort(),
  )
  expect(state.tracker.root).toBe(Number(fdt.radix_root))
  expect(state.abi).toBe('kho-v4')
  expect(decode.faults).toEqual([])
}

describeWith('KHO_TEST_CAPTURES', 'images captured from a real Linux 7.2', () => {
  const names = namesIn(captures, '.expected.json')

  it.each(names)('%s: roots, sides and maps are what the kernel had', async name => {
    const expected = expectedOf(name)
    const image = await open(name)
    const states = loadStates(image)
    expect(states.map(state => `${state.root.direction} ${state.tracker.state}`)).toEqual(
      SIDES[expected.moment],
    )
    expect(states.map(state => state.root.address).sort()).toEqual(
      expected.fdts.map(fdt => Number(fdt.phys)).sort(),
    )
    for (const state of states) {
      expect(state.geometry.pageSize).toBe(expected.page_size ?? 4096)
      const fdt = expected.fdts.find(entry => Number(entry.phys) === state.root.address)!
      expect(state.tracker.state === 'stale').toBe(fdt.radix.nbad > 0)
      if (fdt.radix.nbad === 0) checkState(state, fdt)
    }
    image.close()
  })

  it.each(names)('%s: scratch is known where the array is in place, and else is not guessed', async name => {
    const expected = expectedOf(name)
    const image = await open(name)
    const state = loadStates(image).find(other => other.root.direction !== 'unknown')!
    image.close()
    const arrays = [...expected.setup_data_kho, ...(expected.dtb_kho ?? [])].map(record => record.scratch)
    const inPlace = arrays.find(
      array => Number(array[0]![0]) % 0x1000 === 0 && array.some(([start]) => start !== '0x0'),
    )
    const areas =
      state.scratch?.map(({ start, size }) => [`0x${start.toString(16)}`, `0x${size.toString(16)}`]) ?? null
    expect(areas).toEqual(inPlace ?? null)
  })

  it.each(names)('%s: --root picks either side, and says which there are', async name => {
    const image = await open(name)
    const sides = loadStates(image).map(state => state.root.direction)
    for (const side of ['incoming', 'outgoing'] as const) {
      if (sides.includes(side)) expect(loadState(image, { root: side }).root.direction).toBe(side)
      else expect(() => loadState(image, { root: side })).toThrow(/no (incoming|outgoing) root; there is 0x/)
    }
    image.close()
  })

  it('a whole dump of a guest, compressed, gives what its slim image gives', async () => {
    const image = await openImage(join(captures, 'containers/qemu.elf.zst'))
    const state = loadState(image)
    image.close()
    checkState(state, expectedOf('linux-7.2.dumps-luo-256m.s1-kexec').fdts[0]!)
    expect(state.root.direction).toBe('outgoing')
  })
})
