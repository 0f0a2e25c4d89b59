import { describe, expect, it } from 'vitest'
import { writeElf } from '../../../formats/dumps/index.js'
import { ABIS, abiOf, writingKernel } from '../../../formats/kernels/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { addRun, createPageSet } from '../../../formats/pages/page-set.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { loadState } from '../../../src/image/load-state.js'
import { openBytes } from '../../../src/node/open.js'
import { type StateSpec, writeState } from '../../../src/write/state-writer.js'

const RAM = [{ start: 0x10_0000, end: 0x4000_0000 }]

function sample(): StateSpec['pages'] {
  const pages = createPageSet(12)
  addRun(pages, 0, 0x20000, 300)
  return pages
}

function builderFor() {
  const builder = createMemoryBuilder({ geometry: geometry(12), ram: RAM, seed: 3 })
  builder.reserve(0x2000_0000, 0x2100_0000)
  return builder
}

const WRITTEN = ABIS.map(abi => abi.name)

describe('writing a state', () => {
  it.each(WRITTEN)('as %s, it reads back as it is', async name => {
    const abi = abiOf(name)
    const builder = builderFor()
    const children =
      abi.blobProperty === null
        ? [{ name: 'driver', inline: { properties: [{ name: 'data', value: Uint8Array.of(1, 2, 3) }] } }]
        : [{ name: 'driver', address: 0x2000_0000, size: 16 }]
    const written = writeState(builder, { abi, pages: sample(), children })
    const pieces: Uint8Array[] = []
    const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
    writeElf(segments, {}, bytes => pieces.push(bytes.slice()))
    // Everything but padding goes through the sink in order.
    const image = await openBytes(Buffer.concat(pieces))
    const state = loadState(image, { root: written.root, abi: name, pageShift: 12 })
    const own = abi.fdtPreserved ? [{ address: written.root, order: 0 }] : []
    const all = [...listBlocks(sample()), ...own].sort((a, b) => a.address - b.address)
    expect(listBlocks(state.tracker.decode.pages)).toEqual(all)
    expect(state.faults).toEqual([])
    const names = state.fdt.root.children.map(child => child.name).filter(child => child === 'driver')
    expect(names).toEqual(['driver'])
  })

  it('refuses what the tracker cannot say, and children that have no room', () => {
    const high = createPageSet(12)
    addRun(high, 11, 4, 1)
    const write = (name: 'v5-table' | 'mem4', pages: StateSpec['pages']) => () =>
      writeState(builderFor(), { abi: abiOf(name), pages, children: [] })
    expect(write('v5-table', high)).toThrow(/v5-table cannot say it: order 11/)
    expect(write('mem4', high)).toThrow(/mem4 cannot say it/)
    const children = Array.from({ length: 100 }, (_, n) => ({ name: `child-${n}`, address: 0x1000, size: 8 }))
    expect(() => writeState(builderFor(), { abi: abiOf('kho-v4'), pages: sample(), children })).toThrow(
      /refuses the child child-\d+: -ENOMEM/,
    )
  })

  it('puts the root where it is told', () => {
    const spec = { abi: abiOf('kho-v4'), pages: sample(), children: [], rootAddress: 0x300_0000 }
    expect(writeState(builderFor(), spec).root).toBe(0x300_0000)
  })
})

describe('layouts that can be written', () => {
  it.each(WRITTEN)('%s is written by a kernel that is modelled', name => {
    expect(writingKernel(name).layout.name).toBe(name)
  })
})
