import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { bench, describe } from 'vitest'
import { writeElf } from '../formats/dumps/index.js'
import { type AbiName, abiOf, encoderOf, trackerOptions } from '../formats/kernels/index.js'
import { geometry } from '../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../formats/memory/memory-builder.js'
import type { PhysicalMemory } from '../formats/memory/physical-memory.js'
import { addRun, createPageSet, hasBlock, type PageSet } from '../formats/pages/page-set.js'
import { trackerOf } from '../formats/trackers/index.js'
import type { TrackerRoot } from '../formats/trackers/place.js'
import { convertState } from '../src/convert/convert.js'
import { loadState } from '../src/image/load-state.js'
import { openBytes } from '../src/node/open.js'
import { writeState } from '../src/write/state-writer.js'
import { halfRandom } from './half-random.js'
import { benchFolder, compiledWalk, run } from './peers.js'

/*
 * Beside it, where there is a compiler, what a booting kernel does of it: bench/walk.c. In a kernel itself, docs/compare.md, that takes
 * 16 to 19 ms for 16 GiB, 490 to 530 ms for 1 TiB of which a random half is preserved.
 */
const folder = benchFolder()
const walk = compiledWalk(folder)

const PAGES = geometry(12)
const GIB = 2 ** 30
/** Where the trackers' own pages lie: nothing preserved is there. */
const ROOM = { start: 2 ** 41, end: 2 ** 42 }

const SETS: Record<string, PageSet> = {
  '16 GiB all set': all(0, 16 * GIB),
  '1 TiB all set': all(0, 1024 * GIB),
  '1 TiB half random': halfRandom(1024 * GIB),
  '1 TiB of 1 GiB blocks': all(18, 1024 * GIB),
}

/** Kept alive so that look-ups are not optimised away. */
export let found = 0

const BITMAPS: readonly AbiName[] = ['kho-v1-512', 'kho-v1-page', 'v5-table', 'array', 'kho-v4']

function all(order: number, bytes: number): PageSet {
  const pages = createPageSet(12)
  addRun(pages, order, 0, bytes / (4096 * 2 ** order))
  return pages
}

function encode(abi: AbiName, pages: PageSet): { builder: MemoryBuilder; root: TrackerRoot } {
  const builder = createMemoryBuilder({ geometry: PAGES, ram: [ROOM] })
  const writer = encoderOf(abi)!.createWriter(builder, trackerOptions(abi, PAGES))
  writer.preserveAll(pages)
  return { builder, root: writer.finish() }
}

/** The tracker as a dump has it: an ArrayBuffer with an ELF core in it. */
async function inArrayBuffer(builder: MemoryBuilder): Promise<PhysicalMemory> {
  const pieces: Uint8Array[] = []
  const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
  writeElf(segments, {}, bytes => pieces.push(bytes.slice()))
  return (await openBytes(Buffer.concat(pieces))).memory
}

for (const [name, pages] of Object.entries(SETS)) {
  // Orders past 10 are not in the format's words.
  const formats = BITMAPS.filter(abi => encoderOf(abi)!.refuse(pages, trackerOptions(abi, PAGES)) === null)

  describe(`encode ${name}`, () => {
    for (const abi of formats) bench(abi, () => void encode(abi, pages))
  })

  describe(`decode ${name}`, async () => {
    for (const abi of formats) {
      const { builder, root } = encode(abi, pages)
      const memory = await inArrayBuffer(builder)
      const tracker = trackerOf(abiOf(abi).tracker)
      const options = trackerOptions(abi, PAGES)
      bench(abi, () => void tracker.decode(memory, root, options))
      if (walk === null || abi !== 'kho-v4') continue
      const file = join(folder, name.replaceAll(' ', '-'))
      const fd = openSync(file, 'w')
      const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
      writeElf(segments, {}, bytes => void writeSync(fd, bytes))
      closeSync(fd)
      bench('walk in C, reading the file', () => run(walk, file, String(root.addresses[0])), {
        iterations: 5,
      })
    }
  })

  describe(`look up 100,000 pages, ${name}`, () => {
    const [order] = [...pages.orders.keys()] as [number]
    const size = 4096 * 2 ** order
    bench('page set', () => {
      for (let n = 0; n < 100_000; n++) {
        const address = Math.floor(((n * 2_654_435_761) % (1024 * GIB)) / size) * size
        if (hasBlock(pages, address, order)) found++
      }
    })
  })

  describe(`convert ${name}`, async () => {
    const builder = createMemoryBuilder({ geometry: PAGES, ram: [ROOM] })
    const { root } = writeState(builder, { abi: abiOf('kho-v4'), pages, children: [] })
    const pieces: Uint8Array[] = []
    const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
    writeElf(segments, {}, bytes => pieces.push(bytes.slice()))
    const image = await openBytes(Buffer.concat(pieces), { ram: [ROOM] })
    const state = loadState(image, { root, abi: 'kho-v4', pageShift: 12 })
    bench('kho-v4 to kho-v1-page', () => void convertState(state, { to: 'kho-v1-page' }))
  })
}
