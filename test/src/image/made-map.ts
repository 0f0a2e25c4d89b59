import { encodeMemblock } from '../../../formats/blobs/index.js'
import {
  buildFdt,
  type FdtNodeSpec,
  nativeU64Bytes,
  readFdt,
  stringBytes,
} from '../../../formats/fdt/index.js'
import {
  type AbiName,
  abiOf,
  encoderOf,
  locateTracker,
  trackerOptions,
} from '../../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { addBlock, createPageSet } from '../../../formats/pages/page-set.js'
import { trackerOf } from '../../../formats/trackers/index.js'
import type { FoundRoot } from '../../../src/image/find-roots.js'
import type { ReadAs } from '../../../src/image/map-evidence.js'

/** RAM of the machine: one block of order 13 of 4K pages. */
export const RAM = { start: 2 ** 25, end: 2 ** 26 }

/** A map that holds together: it has the page of its root, of a blob and of a region, and more blocks if wanted; `bare` without a blob, `far` in so many bitmaps, `also` these pages. */
export function soundMap(
  name: AbiName,
  {
    pageShift = 12,
    more = 0,
    bare = false,
    far = 0,
    also = [],
    ram = RAM,
    compatible = abiOf(name).compatible,
  }: {
    pageShift?: PageShift
    more?: number
    bare?: boolean
    far?: number
    also?: number[]
    ram?: { start: number; end: number }
    compatible?: string
  } = {},
) {
  const geo = geometry(pageShift)
  const { pageSize } = geo
  const builder = createMemoryBuilder({ geometry: geo, ram: [ram], seed: 5 })
  const preserved: number[] = []
  const allocate = (pages: number) => {
    const made = builder.allocate(pages)
    for (let n = 0; n < pages; n++) preserved.push(made.address + n * pageSize)
    return made
  }
  const page = allocate(1)
  const root = page.address
  const data = allocate(1).address
  for (let n = 0; n < more; n++) allocate(1)
  const blob = encodeMemblock({ allocate }, geo, [
    { name: 'none', start: 0, size: 0 },
    { name: 'some', start: data, size: pageSize },
  ])
  const options = trackerOptions(name, geo)
  const encoder = encoderOf(name)
  const writer = encoder.createWriter(builder, options)
  const pages = createPageSet(pageShift)
  for (const address of preserved) addBlock(pages, address, 0)
  for (const address of also) addBlock(pages, address, 0)
  for (let n = 1; n <= far; n++) addBlock(pages, n * 2 ** (15 + pageShift), 0)
  writer.preserveAll(pages)
  const { properties, children } = encoder.attach(writer.finish())
  const { blobProperty } = abiOf(name)
  const child = (name: string, address: number): FdtNodeSpec => ({
    name,
    properties: [
      { name: blobProperty ?? abiOf('kho-v4').blobProperty!, value: nativeU64Bytes(BigInt(address)) },
    ],
    children: [],
  })
  const bytesWith = (...extra: FdtNodeSpec[]) =>
    buildFdt({
      name: '',
      properties: [{ name: 'compatible', value: stringBytes(compatible) }, ...properties],
      children: [...children, ...(bare ? [] : [child('memblock', blob.address)]), ...extra],
    })
  const treeWith = (...extra: FdtNodeSpec[]) => readFdt(bytesWith(...extra)).tree!
  const fdt = treeWith()
  page.bytes.set(bytesWith())
  const memory = builder.memory()
  const abi = abiOf(name)
  const map = locateTracker(name, fdt.root)!
  const decode = trackerOf(abi.tracker).decode(memory, map, options)
  const reading: ReadAs = { abi, options, root: map, decode }
  const found: FoundRoot = { address: root, fdt, compatible }
  return { memory, found, reading, root, data, blob, child, treeWith, preserved }
}
