import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openElf } from '../../../formats/dumps/elf.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { loadState } from '../../../src/image/load-state.js'
import { openBytes } from '../../../src/node/open.js'
import { fixture } from '../cli/kho.js'

/** The first bytes of a guest's memory, where all that a decoder reads lies. */
const low = new Uint8Array(64 * 2 ** 20)
for (const { phys, bytes } of openElf(
  bytesSource(readFileSync(fixture('basic-1g.s2-early'))),
).memory.blocks()) {
  if (phys < low.length) low.set(bytes.subarray(0, low.length - phys), phys)
}
const ROOT = loadState(await openBytes(low)).root.address

/** The memory without `hole` bytes at 0x9000, as a raw file of LiME has it. */
function without(hole: number): Uint8Array {
  const bytes = new Uint8Array(low.length - hole)
  bytes.set(low.subarray(0, 0x9000))
  bytes.set(low.subarray(0x9000 + hole), 0x9000)
  return bytes
}

const shifted = (state: ReturnType<typeof loadState>) =>
  state.faults.filter(({ code }) => code === 'DUMP-SHIFTED')

describe('a raw file without the holes of RAM', () => {
  it('is told by its pointers, and read with the base that is named', async () => {
    const state = loadState(await openBytes(without(0x61000)))
    expect(state.tracker.state).not.toBe('live')
    expect(shifted(state).map(({ message, address }) => [message, address])).toEqual([
      [
        `the file is shifted: what the root at 0x${(ROOT - 0x61000).toString(16)} points to lies 0x61000 bytes too low; a raw file that leaves out holes of RAM (LiME's format=raw) has this; try --base 0x61000`,
        ROOT - 0x61000,
      ],
    ])
    const based = loadState(await openBytes(without(0x61000), { base: 0x61000 }))
    expect(based.root.address).toBe(ROOT)
    expect(based.tracker.state).toBe('live')
    expect(shifted(based)).toEqual([])
  })

  it('is told where the hole is no whole number of pages, so that no page begins with a root', async () => {
    const image = await openBytes(without(0x60c00))
    expect(() => loadState(image)).toThrow(
      expect.objectContaining({
        code: 'no-state',
        place: expect.objectContaining({
          hint: expect.stringMatching(
            new RegExp(
              `a root FDT lies at file offset 0x${(ROOT - 0x60c00).toString(16)}, which is no page.*--base 0x60c00$`,
            ),
          ),
        }),
      }),
    )
    expect(loadState(await openBytes(without(0x60c00), { base: 0x60c00 })).root.address).toBe(ROOT)
  })

  it('is not suspected where pointers are right, or where there is nothing', async () => {
    expect(shifted(loadState(await openBytes(low)))).toEqual([])
    const image = await openBytes(new Uint8Array(2 ** 20))
    expect(() => loadState(image)).toThrow(
      expect.objectContaining({
        place: expect.objectContaining({ hint: expect.stringMatching(/^the file has no magic/) }),
      }),
    )
  })

  it('is not suspected where the map was overwritten', async () => {
    const bytes = low.slice()
    const state = loadState(await openBytes(bytes))
    for (const node of state.tracker.decode.nodes) bytes.fill(0x5a, node.address, node.address + node.size)
    const broken = loadState(await openBytes(bytes))
    expect(broken.tracker.state).not.toBe('live')
    expect(shifted(broken)).toEqual([])
  })
})
