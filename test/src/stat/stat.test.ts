import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import { statJson } from '../../../src/commands/stat/json.js'
import { schema } from '../../../src/commands/stat/schema.js'
import { applyDamage, DAMAGES } from '../../../src/damage/index.js'
import { loadState, type StateOptions } from '../../../src/image/load-state.js'
import { resolve } from '../../../src/model/resolve.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { jsonLine } from '../../../src/render/json.js'
import { type Simulation, simulate } from '../../../src/simulate/simulate.js'
import { type Stat, stat } from '../../../src/stat/stat.js'
import { ROOT } from '../../built.js'
import { fixture } from '../cli/kho.js'
import { richScenario } from '../scenario/rich-scenarios.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'
import { manySessions } from './scenarios.js'

async function statOf(path: string, options: StateOptions = {}): Promise<Stat> {
  return stat(loadState(await openImage(path), options))
}

function expectDocument(result: Stat): void {
  const document = JSON.parse(jsonLine(statJson(result, result.sessions.items)))
  expect(schema.safeParse(document).error).toBeUndefined()
}

describe('stat', () => {
  it('says of a capture who wrote it, what it holds and what becomes of it', async () => {
    const result = await statOf(fixture('basic-1g.s2-early'))
    expect(result.writer).toEqual({
      release: '7.2.13-khotest',
      evidence: 'kexec-metadata',
      abi: 'kho-v4',
      kexecCount: 1,
    })
    expect(result.root).toMatchObject({ address: 0x60d000, direction: 'incoming', state: 'live', others: 0 })
    expect(result.outcome).toMatchObject({ word: 'ok', kernel: '7.2.13', why: [], reason: null })
    expect(result.totals).toEqual({
      blocks: 323,
      bytes: 11714560,
      metadataBytes: 172032,
      sessions: 2,
      files: 3,
      regions: 2,
    })
    expect(result.scratch).toMatchObject({ areas: 3, bytes: 224 * 2 ** 20 })
    const file = result.sessions.items?.[0]?.files[1]
    expect(file).toEqual({
      path: 'luo/sessions/vm-a/files/2',
      token: 2n,
      handler: 'memfd-v2',
      name: null,
      size: 12345,
      pages: 4,
      holes: 0,
      orders: [{ order: 0, folios: 4 }],
      notKnown: null,
      contents: true,
    })
    expect(result.regions.items?.map(({ name, start, size }) => [name, start, size])).toEqual([
      ['khotrace', 0x3d600000, 2097152],
      ['khosmall', 0x3eb84000, 12288],
    ])
    expectDocument(result)
  })

  it('counts the fill of a tracker by kind and level', async () => {
    const { tracker } = await statOf(fixture('basic-1g.s2-early'))
    expect(tracker).toMatchObject({ format: 'radix-tree', nodes: 42, absentNodes: 0 })
    expect(tracker.fill[0]).toEqual({ kind: 'table', level: 5, nodes: 1, unit: 'slots', used: 3, of: 4 })
    expect(tracker.fill.at(-1)).toEqual({
      kind: 'leaf',
      level: 0,
      nodes: 11,
      unit: 'blocks',
      used: 323,
      of: 11 * 32768,
    })
  })

  it('finds large folios and holes', async () => {
    const scenario = {
      machine: { kernel: '7.2' as const, ram: ['0-1G'], scratch: [{ address: 0x38000000, size: '32M' }] },
      calls: [
        {
          luo_session: {
            name: 's',
            memfds: [
              { token: 1, size: '4M', order: 9, contents: 'none' as const },
              { token: 2, size: '64K', contents: { seed: 1 }, holes: ['8K-16K'] },
            ],
          },
        },
        'kexec' as const,
      ],
    }
    const result = stat(loadState(await imageOf(simulate(scenarioOf(scenario), {}))))
    const [large, small] = result.sessions.items?.[0]?.files ?? []
    expect(large).toMatchObject({ pages: 1024, holes: 0, orders: [{ order: 9, folios: 2 }] })
    expect(small).toMatchObject({ pages: 16, orders: [{ order: 0, folios: 16 }] })
  })

  it('takes the writer of an outgoing state from VMCOREINFO where the state does not say', async () => {
    const image = await openImage(join(ROOT, 'fixtures/releases/6.19.11/jump.elf.zst'))
    const dump = { ...image.dump, vmcoreinfo: 'OSRELEASE=6.19.11-test\nPAGESIZE=4096\n' }
    const state = loadState({ ...image, dump })
    expect(stat({ ...state, root: { ...state.root, direction: 'outgoing' } }).writer).toMatchObject({
      release: '6.19.11-test',
      evidence: 'VMCOREINFO',
    })
    const incoming = stat({ ...state, root: { ...state.root, direction: 'incoming' } })
    expect(incoming.writer.release).toBeNull()
    expect(incoming.image.osRelease).toBe('6.19.11-test')
  })
})

describe('what is not known is null, and never zero', () => {
  it('a map that was read and freed', async () => {
    const result = await statOf(fixture('basic-1g.s2-in'), { root: 'incoming' })
    expect(result.totals).toMatchObject({ blocks: null, bytes: null, metadataBytes: null, sessions: 2 })
    expect(result.notKnown).toContain('read and freed')
    expect(result.tracker).toMatchObject({ nodes: null, absentNodes: null, fill: [] })
    expect(result.sessions.items?.[0]?.files[0]).toMatchObject({
      size: 65536,
      pages: null,
      holes: null,
      orders: null,
    })
    expect(result.outcome.reason).toContain('its pages hold other things')
    expectDocument(result)
  })

  it('sessions of a kernel that has not rebooted', async () => {
    const result = await statOf(fixture('basic-1g.s2-in'), { root: 'outgoing' })
    expect(result.sessions).toEqual({ items: null, notKnown: expect.stringContaining('reboot(KEXEC)') })
    expect(result.totals).toMatchObject({ sessions: null, files: null, blocks: 8 })
  })

  it('what debugfs does not show', async () => {
    const result = await statOf(join(ROOT, 'fixtures/releases/7.3.4/first.debugfs'))
    expect(result.root.address).toBeNull()
    expect(result.tracker).toMatchObject({ nodes: null, fill: [] })
    expect(result.totals.blocks).toBeNull()
    expectDocument(result)
  })

  it.each([
    ['luo/sessions/vm-a/blocks/#0', { sessions: 2, files: null, regions: 2 }],
    ['luo/blocks/#0', { sessions: null, files: null, regions: 2 }],
    ['memblock', { sessions: 2, files: 3, regions: null }],
    ['tracker', { blocks: null, bytes: null, sessions: 2, files: 3 }],
    ['luo', { sessions: null, files: null, regions: 2 }],
  ])('without the page of %s', async (path, totals) => {
    const image = await openImage(fixture('basic-1g.s2-early'))
    const { start } = resolve(loadState(image), path).memory.extents[0]!
    const page = start - (start % 4096)
    const memory = {
      ...image.memory,
      read: (phys: number, length: number) =>
        phys < page + 4096 && phys + length > page
          ? ({ ok: false, reason: 'excluded', address: page } as const)
          : image.memory.read(phys, length),
    }
    const result = stat(loadState({ ...image, memory }))
    expect(result.totals).toMatchObject(totals)
    expectDocument(result)
  })
})

/** A machine that was broken in the way of a rule; null where it has nothing to break like that. */
function broken(rule: string): Simulation | null {
  for (const kernel of ['7.2', '6.19', 'v4'] as const) {
    const simulation = simulate(scenarioOf(richScenario(kernel, '4K')), { at: 'early' })
    try {
      applyDamage(simulation, rule)
      return simulation
    } catch (error) {
      if (!isKhoError(error)) throw error
    }
  }
  return null
}

describe('of a state that is broken in every way there is a rule for', () => {
  it.each(Object.keys(DAMAGES))('%s', async rule => {
    const simulation = broken(rule)
    if (simulation === null) return
    const { root } = simulation
    try {
      expectDocument(stat(loadState(await imageOf(simulation), root === null ? {} : { root })))
    } catch (error) {
      expect(isKhoError(error) && error.code, rule).toBe('no-state')
    }
  })
})

describe('100 sessions with 10,000 files', () => {
  it('are all counted', async () => {
    const state = loadState(await openBytes(manySessions(100, 100)))
    const result = stat(state)
    expect(result.totals).toMatchObject({ sessions: 100, files: 10_000 })
    const pages = result.sessions.items?.flatMap(({ files }) => files.map(file => file.pages ?? 0)) ?? []
    expect(pages.reduce((sum, each) => sum + each, 0)).toBe(25_000)
  }, 60_000)
})
