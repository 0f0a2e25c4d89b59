import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { KhoTest } from '../../../formats/blobs/index.js'
import { type FdtNode, parseFdt } from '../../../formats/fdt/index.js'
import { isWriting } from '../../../formats/kernels/index.js'
import { totals } from '../../../formats/pages/page-set.js'
import { diffStates } from '../../../src/diff/diff.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { CAPTURED_RELEASES, releaseFixture } from '../capture/release-fixture.js'
import { imageOf, scenarioOf } from './dump.js'

/** Properties whose value is an address, or follows from where things lie. */
const PLACES =
  /^(fdt|preserved-data|preserved-memory-map|start|luo-session-header|luo-flb-header|data|first|head)$/
/** What the kernel's own test makes at random. */
const RANDOM = /^(csum|folios_info)$/

/** Every node and property of a tree in order, values but for places. */
function linesOf(node: FdtNode, path = ''): string[] {
  const name = `${path}/${node.name}`
  return [
    name,
    ...node.properties.map(property => {
      const free = PLACES.test(property.name) || RANDOM.test(property.name)
      const value = free ? `${property.value.length} bytes` : Buffer.from(property.value).toString('hex')
      return `${name}:${property.name} = ${value}`
    }),
    ...node.children.flatMap(child => linesOf(child, name)),
  ]
}

/** The root FDT, and every blob that is one. */
function treesOf(state: KhoState): Record<string, string[]> {
  const trees: Record<string, string[]> = { root: linesOf(state.fdt.root) }
  for (const { name, address, size } of state.blobs()) {
    const read = address === null ? null : state.image.memory.read(address, size ?? state.geometry.pageSize)
    if (!read?.ok || Buffer.from(read.bytes.subarray(0, 4)).toString('hex') !== 'd00dfeed') continue
    trees[name] = linesOf(parseFdt(read.bytes).root)
  }
  return trees
}

function khoTestOf(state: KhoState): KhoTest {
  for (const { value } of state.blobs()) if (value?.kind === 'kho-test') return value
  throw new Error('no kho_test')
}

interface RawScenario {
  machine: Record<string, unknown>
  calls: (string | Record<string, Record<string, unknown>>)[]
}

describe.each(CAPTURED_RELEASES)('the scenario that %s was captured with, simulated', release => {
  const { kernel, dump, capture } = releaseFixture(release)
  let captured: KhoState
  let simulated: KhoState

  beforeAll(async () => {
    captured = loadState(await openImage(dump('early')))
    const name = release.includes('arm64') ? 'release-arm64' : 'release'
    const { machine, calls } = parse(readFileSync(`fixtures/scenarios/${name}.yaml`, 'utf8')) as RawScenario
    if (!isWriting(kernel)) throw new Error(`no model of ${release}`)
    const { users, writes } = kernel
    const { folios } = khoTestOf(captured)
    const uname = readFileSync(`fixtures/releases/${release}/first.version.txt`, 'utf8').split(' ')[2]!
    const made = calls.flatMap(call => {
      if (call === 'kexec') {
        // Objects of LUO's own test, which the kernel hangs on every file by itself.
        const flbs = users.luo?.flbs === true ? [0, 1, 2] : []
        return [
          ...flbs.map(n => ({
            luo_flb: { name: `liveupdate-test-flb-v${n}`, data: `0xfeedf00dcafebee${n}` },
          })),
          ...(writes.finalize && users.luo === null ? ['finalize'] : []),
          call,
        ]
      }
      if (typeof call !== 'string' && 'luo_session' in call && users.luo === null) return []
      if (typeof call !== 'string' && 'kho_test' in call) {
        // The test takes folios of random orders until it has enough.
        const list = [...folios.address].map((address, n) => [address, folios.order[n]])
        return [{ kho_test: { ...call.kho_test, folios: list } }]
      }
      return [call]
    })
    const scenario = scenarioOf({
      machine: { ...machine, kernel: kernel.name, uname },
      calls: made,
    } as never)
    const simulation = simulate(scenario, { at: 'early' })
    simulated = loadState(await imageOf(simulation), { root: simulation.root! })
  })
  afterAll(() => {
    captured.image.close()
    simulated.image.close()
  })

  it('has the same nodes and properties in the same order, and the same values but for places', () => {
    expect(treesOf(simulated)).toEqual(treesOf(captured))
  })

  it('preserves as much; how ranges fall into blocks hangs on where they lie', () => {
    const [ours, theirs] = [simulated, captured].map(({ tracker }) => totals(tracker.decode.pages).bytes)
    expect(ours).toBe(theirs)
  })

  it('hands over the same things with the same contents; where they lie is another matter', () => {
    const { changes } = diffStates(captured, simulated, { ignore: ['moved'] })
    const others = changes.filter(
      ({ class: kind, path }) => kind !== 'address' && kind !== 'unknown' && !path.startsWith('tracker'),
    )
    // What the test writes into its folios is random.
    expect(others.map(({ path, class: kind }) => `${path} ${kind}`)).toEqual([
      'kho_test content-changed',
      'kho_test content-changed',
    ])
    expect(capture.preserved.length).toBe(kernel.users.luo === null ? 0 : 3)
  })
})
