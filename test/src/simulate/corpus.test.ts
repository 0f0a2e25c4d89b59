import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findChild, findProperty, nativeU64 } from '../../../formats/fdt/index.js'
import type { KernelName } from '../../../formats/kernels/index.js'
import type { PageShift } from '../../../formats/memory/geometry.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { shortDepth } from '../../../formats/trackers/radix-tree/index.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { describeWith, namesIn, readJson } from '../../material.js'
import { imageOf, scenarioOf } from './dump.js'
import { trackerStructure } from './tracker-structure.js'

interface Expected {
  page_shift: PageShift
  image: { base: string }
  ram: [string, string][]
  scratch: { areas: [string, string][] }
  fdt_phys: string
  reserve_mem: { name: string; start: string; size: string }[]
  vmalloc: { name: string; first: string; flags: number; order: number; pages: string[] }[]
  preserved: { list: [string, number][] }
  intended?: { list: [string, number][] }
}

const WRITERS: Readonly<Record<string, KernelName>> = {
  v5: 'v5',
  'kho-v1-6.16': '6.16',
  'kho-v1-6.19': '6.19',
  'kho-v2-7.0': 'kho-v2',
  'kho-v4-7.2': '7.2',
}

const CASES = [
  'boundaries',
  'mixed_orders',
  'many_bitmaps',
  'overlap_two_orders',
  'vmalloc',
  'reserve_mem_subfdts',
  'single_folio_each_order',
  'high_addresses',
  'tib_all_1g',
  'quirk_range_at_pfn0',
  'kho_test',
]

/** The calls that lead to what a kernel wrote, with its metadata at the addresses where that kernel had it. */
function callsOf(state: KhoState, expected: Expected) {
  const pageSize = 2 ** expected.page_shift
  const place: Record<string, number> = {}
  const blobs = state.fdt.root.children.flatMap(child => {
    const pointer = findProperty(child, 'preserved-data') ?? findProperty(child, 'fdt')
    const address = pointer && nativeU64(pointer)
    return address ? [{ name: child.name, address: Number(address) }] : []
  })
  const known = new Set<string>()
  const say = (address: number, order: number) => known.add(`${address}:${order}`)
  if (findChild(state.fdt.root, 'preserved-memory') === null) {
    place.fdt = Number(expected.fdt_phys)
    say(place.fdt, 0)
  }
  const calls: object[] = []
  const regions = new Set<number>()
  for (const { name, start, size } of expected.reserve_mem) {
    calls.push({ reserve_mem: { name, address: Number(start), size: Number(size) } })
    for (let at = Number(start); at < Number(start) + Number(size); at += pageSize) regions.add(at)
  }
  const areas = expected.vmalloc.filter(area => !area.name.includes('.'))
  for (const area of areas) {
    const chunks = chunksOf(state, Number(area.first), pageSize)
    const addresses = area.pages.map(Number).filter((_, n) => n % 2 ** area.order === 0)
    const { name, flags, order } = area
    calls.push({ preserve_vmalloc: { name, pages: area.pages.length, order, flags, addresses, chunks } })
    for (const chunk of chunks) say(chunk, 0)
    for (const address of addresses) say(address, order)
  }
  for (const { name, address } of blobs) {
    const metadata = name === 'kexec-metadata' || (name === 'memblock' && expected.reserve_mem.length > 0)
    if (!metadata && !areas.some(area => area.name === name)) continue
    place[name] = address
    say(address, 0)
  }
  for (const [address, order] of expected.intended?.list ?? expected.preserved.list) {
    if (known.has(`${Number(address)}:${order}`) || regions.has(Number(address))) continue
    if (Number(address) === 0) calls.push({ preserve_pages: { address: 0, pages: 2 ** order } })
    else calls.push({ preserve_folio: { address: Number(address), order } })
  }
  return { place, calls }
}

function chunksOf(state: KhoState, first: number, pageSize: number): number[] {
  const chunks: number[] = []
  for (let at = first; at !== 0; ) {
    chunks.push(at)
    const read = state.image.memory.read(at, pageSize)
    if (!read.ok) throw new Error('a chunk page is not there')
    at = Number(new DataView(read.bytes.buffer, read.bytes.byteOffset).getBigUint64(0, true))
  }
  return chunks
}

describeWith('KHO_TEST_CORPUS', 'trackers as the kernels write them', corpus => {
  const compared = Object.entries(WRITERS).flatMap(([folder, kernel]) =>
    namesIn(join(corpus, folder), '.expected.json')
      .filter(name => CASES.includes(name.split('.')[0]!))
      .map(name => ({ folder, kernel, name })),
  )

  it('has every case that can be said as calls', () => {
    expect(compared.length).toBeGreaterThanOrEqual(50)
  })

  it.each(compared)('$folder $name', async ({ folder, kernel, name }) => {
    const expected = readJson<Expected>(corpus, folder, `${name}.expected.json`)
    const image = await openImage(join(corpus, folder, `${name}.img.zst`), {
      base: Number(expected.image.base),
    })
    const abi =
      kernel === 'v5' ? 'v5' : kernel === '6.16' ? 'kho-v1-512' : kernel === '6.19' ? 'kho-v1-page' : null
    const options = { pageShift: expected.page_shift, ...(abi === null ? {} : ({ abi } as const)) }
    const kernels = loadState(image, { ...options, root: Number(expected.fdt_phys) })
    const { place, calls } = callsOf(kernels, expected)
    const scenario = scenarioOf({
      machine: {
        kernel,
        page_size: expected.page_shift === 12 ? '4K' : expected.page_shift === 14 ? '16K' : '64K',
        // One of the scratch areas lies outside what these images call RAM.
        ram: [...expected.ram, ...expected.scratch.areas].map(([start, end]) => `${start}-${end}`),
        scratch: expected.scratch.areas.map(([start, end]) => ({
          address: Number(start),
          size: Number(end) - Number(start),
        })),
        place,
      },
      calls: [...calls, 'kexec'],
    })
    const simulation = simulate(scenario)
    expect(simulation.log.filter(call => call.result !== null)).toEqual([])
    const ours = loadState(await imageOf(simulation), { ...options, root: simulation.root! })
    const depth = kernel === 'kho-v2' ? shortDepth(geometry(expected.page_shift)) : undefined
    const structure = trackerStructure(ours, expected.page_shift, depth)
    expect(structure.length).toBeGreaterThan(0)
    expect(structure).toEqual(trackerStructure(kernels, expected.page_shift, depth))
    image.close()
  })
})
