import { describe, expect, it } from 'vitest'
import { applyDamage } from '../../../src/damage/index.js'
import { loadState } from '../../../src/image/load-state.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { validateState } from '../../../src/validate/validate.js'
import { richScenario } from '../scenario/rich-scenarios.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'

async function damaged(kernel: '6.19' | '7.2') {
  const simulation = simulate(scenarioOf(richScenario(kernel, '4K')), { at: 'early' })
  applyDamage(simulation, 'ROOT-FDT-PRESERVED', 1)
  return { root: simulation.root!, image: await imageOf(simulation) }
}

describe('a map that lacks the page of its root FDT alone', () => {
  it.each(['6.19', '7.2'] as const)('is live, and a finding, in %s', async kernel => {
    const { root, image } = await damaged(kernel)
    for (const options of [{}, { root }]) {
      const state = loadState(image, options)
      expect(state.tracker).toMatchObject({
        state: 'live',
        reason: expect.stringContaining('the page of the root FDT is not in its own map'),
      })
      const { outcome, findings } = validateState(state)
      expect(outcome.word).not.toBe('unknown')
      const rules = findings.map(({ rule }) => rule)
      expect(rules).toContain('ROOT-FDT-PRESERVED')
      expect(rules).not.toContain('TRACKER-STALE')
    }
  })
})
