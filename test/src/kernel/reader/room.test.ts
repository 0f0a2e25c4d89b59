import { describe, expect, it } from 'vitest'
import { listBlocks } from '../../../../formats/pages/runs.js'
import { loadState } from '../../../../src/image/load-state.js'
import { roomOf } from '../../../../src/kernel/reader/room.js'
import { simulate } from '../../../../src/simulate/simulate.js'
import { scratchStat } from '../../../../src/stat/scratch.js'
import { validateState } from '../../../../src/validate/validate.js'
import { imageOf, scenarioOf } from '../../simulate/dump.js'

const GIB = 2 ** 30
const RAM = [{ start: 0, end: 16 * GIB }]

/** A machine of 16 GiB whose scratch has two whole GiB in it, or nothing but some MiB. */
async function machine(scratch: 'large' | 'small', kernel: '7.2' | '7.3' = '7.2') {
  const areas = {
    large: [
      { address: 0x38000000, size: '32M' },
      { address: '4G', size: '2560M' },
      { address: 0x30000000, size: '64M' },
    ],
    small: [
      { address: 0x38000000, size: '32M' },
      { address: 0x30000000, size: '32M' },
      { address: 0x2c000000, size: '32M' },
    ],
  }
  const scenario = scenarioOf({
    machine: { kernel, ram: ['0-16G'], scratch: areas[scratch] },
    calls: [
      { luo_session: { name: 's', memfds: [{ token: 1, size: '8M', contents: 'none' as const }] } },
      'kexec' as const,
    ],
  })
  return loadState(await imageOf(simulate(scenario, { at: 'early' })))
}

describe('the room that a kernel has to boot in', () => {
  it('is what scratch has, and the blocks of 1 GiB in which nothing lies', async () => {
    const state = await machine('large')
    const room = roomOf(state, { ram: RAM })
    expect(room.memmapBytes).toBe(((16 * GIB) / 4096) * 64)
    expect(room.gigantic).toBe(2)
    // By hand: the blocks that hold a preserved page or a page of the tracker.
    const busy = new Set<number>()
    for (const { address } of listBlocks(state.tracker.decode.pages)) busy.add(Math.floor(address / GIB))
    for (const { address } of state.tracker.decode.nodes) busy.add(Math.floor(address / GIB))
    expect(busy.size).toBeLessThan(14)
    const free = Array.from({ length: 16 }, (_, n) => n).filter(n => !busy.has(n))
    const opened = room.opened!
    expect(opened).toMatchObject({ kernel: '7.3', reason: null })
    const gibs = opened.ranges!.flatMap(({ start, end }) =>
      Array.from({ length: (end - start) / GIB }, (_, n) => start / GIB + n),
    )
    expect(gibs).toEqual(free)
    // Some of block 0 is scratch, and of 4 to 6: none of them is left for a page of 1 GiB.
    expect(opened.gigantic).toBe(free.filter(n => n !== 0 && (n < 4 || n > 6)).length)
  })

  it('is not known where RAM is not, and is none for a kernel that opens nothing', async () => {
    const state = await machine('small')
    expect(roomOf(state).opened).toMatchObject({ ranges: null, gigantic: null })
    expect(roomOf(state).memmapBytes).toBeNull()
    expect(roomOf(state, { reader: '7.2', ram: RAM }).opened).toBeNull()
  })

  it('is too small for struct pages up to 7.2, and no more from 7.3 on', async () => {
    const rules = async (kernel: '7.2' | '7.3', reader: string) =>
      validateState(await machine('small', kernel), { reader, ram: RAM }).findings.map(({ rule }) => rule)
    expect(await rules('7.2', '7.2')).toContain('SCRATCH-MEMMAP')
    expect(await rules('7.3', '7.3')).not.toContain('SCRATCH-MEMMAP')
    const large = validateState(await machine('large'), { ram: RAM })
    expect(large.findings.map(({ rule }) => rule)).not.toContain('SCRATCH-MEMMAP')
    expect(large.outcome.word).toBe('ok')
  })

  it.each([
    ['7.2', 'hugepagesz=1G hugepages=3', '3 pages of 1 GiB are asked for, and 2 fit at the most'],
    ['7.2', 'hugepagesz=1G hugepages=2', null],
    ['7.2', 'hugepagesz=2M hugepages=512', null],
    ['7.2', 'default_hugepagesz=1G hugepages=0:2,1:2', '4 pages of 1 GiB are asked for'],
    ['7.3', 'hugepagesz=1G hugepages=3', null],
  ])('%s finds room for %s, or not', async (reader, words, message) => {
    const state = await machine('large', reader as '7.2')
    const readerCmdline = `kho=on liveupdate=on ${words}`
    const { findings } = validateState(state, { reader, ram: RAM, readerCmdline })
    const found = findings.find(({ rule }) => rule === 'SCRATCH-GIGANTIC')
    if (message === null) expect(found).toBeUndefined()
    else expect(found?.message).toContain(message)
  })

  it('says how full scratch was from pages that lie evenly in it, and tells what the dump lacks', async () => {
    const state = await machine('large')
    const { fill } = scratchStat(state)!
    const pages = (32 + 2560 + 64) * 256
    expect(fill).toMatchObject({ pages, looked: Math.ceil(pages / Math.ceil(pages / 2048)) })
    expect(fill!.present).toBeLessThan(fill!.looked)
    const area = { start: 0x100000, size: 0x10000 }
    const read = (address: number, length: number) => ({
      ok: true as const,
      bytes: new Uint8Array(length).fill(address === 0x102000 ? 7 : 0),
      offset: null,
    })
    const image = { ...state.image, memory: { ...state.image.memory, read } }
    expect(scratchStat({ ...state, image, scratch: [area] })).toEqual({
      areas: 1,
      bytes: 0x10000,
      fill: { pages: 16, looked: 16, present: 16, used: 1 },
    })
    expect(scratchStat({ ...state, scratch: null })).toBeNull()
  })
})
