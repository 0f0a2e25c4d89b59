import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkMemfdFolios, readMemfdFolios } from '../../../formats/blobs/index.js'
import { isKhoError } from '../../../formats/error.js'
import type { KernelName } from '../../../formats/kernels/index.js'
import { readScenario } from '../../../src/commands/shared/scenario-input.js'
import { applyDamage, DAMAGES } from '../../../src/damage/index.js'
import { loadState } from '../../../src/image/load-state.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { ROOT } from '../../built.js'
import { sha256 } from '../../material.js'
import { richScenario } from '../scenario/rich-scenarios.js'
import { elfBytes, imageOf, scenarioOf } from '../simulate/dump.js'

/** Machines among which each damage finds one that it applies to. */
const MACHINES: readonly (readonly [KernelName, '4K' | '16K' | '64K'])[] = [
  ['7.2', '4K'],
  ['7.1', '4K'],
  ['6.19', '4K'],
  ['6.16', '4K'],
  ['v5-table', '4K'],
  ['v5-table', '64K'],
  ['array', '4K'],
  ['v4', '4K'],
  ['7.1', '16K'],
]

const fixtureOf = (name: string) => readScenario(join(ROOT, `fixtures/scenarios/${name}.yaml`))

/** Scenarios for rules on what the machines above do not have. */
const OWN = [
  [/^SYSTEMD-/, fixtureOf('systemd')],
  [/^LAYOUT-COUNT$/, fixtureOf('guest-memfd')],
  [/^(LAYOUT|PCI)-/, fixtureOf('pci')],
] as const

/** Faults that no state can show: they are about the file that a dump is in. */
const OF_FILES = /^DUMP-/

function damaged(rule: string, kernel: KernelName, pageSize: '4K' | '16K' | '64K', seed = 1) {
  // No kernel makes systemd's session by itself: rules on it have a scenario of their own.
  const own = OWN.find(([rules]) => rules.test(rule))
  const scenario = own?.[1] ?? scenarioOf(richScenario(kernel, pageSize))
  const simulation = simulate(scenario, { at: 'early' })
  try {
    return { simulation, said: applyDamage(simulation, rule, seed) }
  } catch (error) {
    if (isKhoError(error) && error.code === 'cannot-express') return null
    throw error
  }
}

async function faultsOf(simulation: ReturnType<typeof simulate>): Promise<string[]> {
  const { root, scenario, kho } = simulation
  const image = await imageOf(simulation)
  const options = root === null ? {} : { root }
  const state = loadState(image, {
    ...options,
    pageShift: scenario.machine.page_size,
    abi: kho.kernel.layout.name,
  })
  const blobs = state.blobs()
  const folios = blobs.flatMap(({ value }) => {
    if (value?.kind !== 'luo') return []
    const memfds = value.sessions.flatMap(session => session.files.flatMap(file => file.memfd ?? []))
    return memfds.flatMap(memfd => {
      const list = readMemfdFolios(image.memory, memfd, state.geometry)
      return [...list.faults, ...checkMemfdFolios(memfd, list, state.geometry)]
    })
  })
  return [...state.faults, ...blobs.flatMap(blob => blob.faults), ...folios].map(fault => fault.code)
}

/** Every id that a decoder can give, from the sources. */
function decoderCodes(): string[] {
  const codes = new Set<string>()
  for (const folder of ['formats/trackers', 'formats/blobs', 'src/image']) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue
      const text = readFileSync(join(ROOT, folder, file), 'utf8')
      for (const [, code] of text.matchAll(/'([A-Z]+(?:-[A-Z0-9]+)+)'/g)) codes.add(code!)
    }
  }
  return [...codes].filter(code => !OF_FILES.test(code)).sort()
}

const CODES = decoderCodes()

describe('damages', () => {
  it('exist for every fault that a decoder can give', () => {
    expect(CODES.length).toBeGreaterThan(90)
    expect(CODES.filter(code => !Object.hasOwn(DAMAGES, code))).toEqual([])
  })

  it.each(MACHINES)(
    'are not needed for anything to be wrong: %s with %s pages has no fault',
    async (kernel, pageSize) => {
      const simulation = simulate(scenarioOf(richScenario(kernel, pageSize)), { at: 'early' })
      expect(await faultsOf(simulation)).toEqual([])
    },
  )

  it.each(Object.keys(DAMAGES))('%s', async rule => {
    const machine = MACHINES.find(([kernel, pageSize]) => damaged(rule, kernel, pageSize) !== null)
    expect(machine).toBeDefined()
    const [kernel, pageSize] = machine!
    const first = damaged(rule, kernel, pageSize)!
    expect(first.said).toMatch(new RegExp(`^${rule}: .+`))
    expect(first.said).not.toContain('\n')
    const digest = sha256(elfBytes(first.simulation))
    expect(sha256(elfBytes(damaged(rule, kernel, pageSize)!.simulation))).toBe(digest)
    const whole = simulate(scenarioOf(richScenario(kernel, pageSize)), { at: 'early' })
    expect(sha256(elfBytes(whole))).not.toBe(digest)
    if (!CODES.includes(rule)) return
    for (const seed of [1, 2, 3]) {
      const again = damaged(rule, kernel, pageSize, seed)
      expect(await faultsOf(again!.simulation)).toContain(rule)
    }
  })

  it('do not take more memory than a machine has to spare: 10,000 blocks of 64 KiB', () => {
    const simulation = simulate(scenarioOf(richScenario('7.2', '64K')), { at: 'early' })
    expect(() => applyDamage(simulation, 'LUO-BLOCK-LIMIT')).toThrow(/would take 625 MiB/)
  })

  it('are refused by name when there is none', () => {
    const simulation = simulate(scenarioOf(richScenario('7.2')))
    expect(() => applyDamage(simulation, 'NO-SUCH-RULE')).toThrow(/no damage for NO-SUCH-RULE/)
    expect(() => applyDamage(simulation, 'toString')).toThrow(/no damage/)
  })
})
