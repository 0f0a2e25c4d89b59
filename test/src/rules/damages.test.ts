import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import type { KernelName } from '../../../formats/kernels/index.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { readScenario } from '../../../src/commands/shared/scenario-input.js'
import { applyDamage, DAMAGES, whyNoDamage } from '../../../src/damage/index.js'
import { loadState, type StateOptions } from '../../../src/image/load-state.js'
import { findRule, RULES } from '../../../src/rules/catalogue.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { validateState } from '../../../src/validate/validate.js'
import { ROOT } from '../../built.js'
import { richScenario } from '../scenario/rich-scenarios.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'

const MACHINES: readonly (readonly [KernelName, '4K' | '16K' | '64K'])[] = [
  ['7.2', '4K'],
  ['7.3', '4K'],
  ['7.1', '4K'],
  ['6.19', '4K'],
  ['6.16', '4K'],
  ['v5-table', '4K'],
  ['v5-table', '64K'],
  ['array', '4K'],
  ['v4', '4K'],
  ['7.1', '16K'],
]

const SYSTEMD = readScenario(join(ROOT, 'fixtures/scenarios/systemd.yaml'))

/** No released kernel has what a layout tells. */
const GUEST = readScenario(join(ROOT, 'fixtures/scenarios/guest-memfd.yaml'))
const PCI = readScenario(join(ROOT, 'fixtures/scenarios/pci.yaml'))

/** What a person would give with --scratch who reads the record: an array that contradicts itself is not believed else. */
function arrayOf(simulation: ReturnType<typeof simulate>): StateOptions {
  const { handover, builder, scenario } = simulation
  if (handover === null || scenario.machine.arch !== 'x86_64') return {}
  const read = builder.memory().read(handover.record + 32, 16)
  if (!read.ok) return {}
  const view = viewOf(read.bytes)
  return { scratch: { address: u64(view, 0), size: u64(view, 8) } }
}

/** What the fsck says of a machine that was broken in the way of a rule; null where it has nothing to break like that. */
async function verdict(rule: string, kernel: KernelName, pageSize: '4K' | '16K' | '64K', insist: boolean) {
  // No kernel makes systemd's session by itself: rules on it have a scenario of their own.
  const scenario = rule.startsWith('SYSTEMD-')
    ? SYSTEMD
    : rule === 'LAYOUT-COUNT'
      ? GUEST
      : /^(PCI|LAYOUT)-/.test(rule)
        ? PCI
        : scenarioOf(richScenario(kernel, pageSize))
  const simulation = simulate(scenario, { at: 'early' })
  try {
    applyDamage(simulation, rule)
  } catch (error) {
    if (isKhoError(error) && error.code === 'cannot-express') return null
    throw error
  }
  const { machine } = simulation.scenario
  const abi = simulation.kho.kernel.layout.name
  const image = await imageOf(simulation)
  const state = loadState(image, {
    ...(simulation.root === null ? {} : { root: simulation.root }),
    pageShift: machine.page_size,
    abi,
    ...(insist ? arrayOf(simulation) : {}),
  })
  return validateState(state, { ram: machine.ram })
}

describe('every damage that simulate can do is found by its rule', () => {
  it.each(Object.keys(DAMAGES))('%s', async id => {
    const rule = findRule(id)
    let fired = false
    for (const [kernel, pageSize] of MACHINES) {
      const insist = /^SCRATCH-(LENGTH|UNALIGNED|EMPTY)$/.test(id)
      const result = await verdict(id, kernel, pageSize, insist).catch((error: unknown) => {
        // A root that is none has no state to look at: the command says so itself.
        if (isKhoError(error) && error.code === 'no-state') return 'no-state' as const
        throw error
      })
      if (result === null) continue
      fired = result === 'no-state' || result.findings.some(finding => finding.rule === id)
      if (fired) break
    }
    expect([rule.id, fired]).toEqual([id, true])
  })
})

it('every rule has a damage, or a reason why not', () => {
  const silent = RULES.filter(rule => (DAMAGES[rule.id] === undefined) === (whyNoDamage(rule) === null))
  expect(silent.filter(({ family }) => family !== 'dump').map(({ id }) => id)).toEqual([])
  expect(silent.filter(({ id }) => DAMAGES[id] === undefined).map(({ id }) => id)).toEqual([])
})
