import { defaultReader, type KernelName, readingKernel } from '../../../formats/kernels/index.js'
import type { DamageTarget } from '../../../src/damage/index.js'
import { createTarget } from '../../../src/damage/run-target.js'
import { loadState, type StateOptions } from '../../../src/image/load-state.js'
import { RULES } from '../../../src/rules/catalogue.js'
import type { Occurrence, RuleContext } from '../../../src/rules/rule.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { richScenario } from '../scenario/rich-scenarios.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'

/** A simulated machine, opened, with what rules are given beside its state. */
export interface Example {
  kernel: KernelName
  pageSize?: '4K' | '16K' | '64K'
  /** Breaks the machine's memory. */
  damage?: (target: DamageTarget) => unknown
  options?: StateOptions
  /** Release that reads; the one that wrote, where not given. */
  reader?: string
  ram?: boolean
  cmdline?: string
  absentIsZero?: boolean
  /** Instead of the scenario that has everything. */
  scenario?: Parameters<typeof scenarioOf>[0]
}

/** The state of an example, and all that a rule needs to judge it. */
export async function contextOf(example: Example): Promise<RuleContext> {
  const { kernel, pageSize = '4K', damage, options = {} } = example
  const scenario = scenarioOf(example.scenario ?? richScenario(kernel, pageSize))
  const simulation = simulate(scenario, { at: 'early' })
  if (damage !== undefined) damage(createTarget(simulation, 1))
  const image = await imageOf(simulation)
  const { root, kho } = simulation
  const state = loadState(image, {
    ...(root === null ? {} : { root }),
    pageShift: scenario.machine.page_size,
    abi: kho.kernel.layout.name,
    ...options,
  })
  return {
    state,
    kernel: example.reader === undefined ? defaultReader(state.abi, null) : readingKernel(example.reader),
    ram: example.ram === false ? null : scenario.machine.ram,
    cmdline: example.cmdline ?? null,
    absentIsZero: example.absentIsZero ?? false,
  }
}

/** What the predicate of a rule finds. */
export function found(context: RuleContext, id: string): Occurrence[] {
  const rule = RULES.find(entry => entry.id === id)
  return [...(rule?.check?.(context) ?? [])]
}

/** Ids of all rules whose predicates find something that is worse than a note. */
export function complaints(context: RuleContext): string[] {
  return RULES.flatMap(rule => {
    const occurrences = [...(rule.check?.(context) ?? [])]
    const bad = occurrences.filter(({ severity = rule.severity }) => severity !== 'info')
    return bad.length === 0 ? [] : [rule.id]
  })
}
