import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import type { KernelName } from '../../../formats/kernels/index.js'
import { schema } from '../../../src/commands/dump/schema.js'
import { applyDamage, DAMAGES } from '../../../src/damage/index.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { resolve } from '../../../src/model/resolve.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { jsonLine } from '../../../src/render/json.js'
import { documentJson } from '../../../src/render/view-json.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { validateState } from '../../../src/validate/validate.js'
import { richScenario } from '../scenario/rich-scenarios.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'

/** A machine that was broken in the way of a rule; null where it has nothing to break like that, or no root is left. */
async function damaged(rule: string, kernel: KernelName): Promise<KhoState | null> {
  const simulation = simulate(scenarioOf(richScenario(kernel, '4K')), { at: 'early' })
  try {
    applyDamage(simulation, rule)
    const { root } = simulation
    return loadState(await imageOf(simulation), root === null ? {} : { root })
  } catch (error) {
    if (isKhoError(error)) return null
    throw error
  }
}

/**
 * Where names collide, or two lists have one array, a kernel sees things that have no path of their own: it names them
 * by what it read.
 */
const COLLISIONS = ['ROOT-CHILD-DUPLICATE', 'LUO-SESSION-DUPLICATE', 'LUO-FILES-SHARED', 'LUO-SESSION-COUNT']

describe('of a state that is broken in every way there is a rule for', () => {
  it.each(Object.keys(DAMAGES).filter(rule => !COLLISIONS.includes(rule)))(
    '%s: the paths of findings and owners lead somewhere',
    async rule => {
      for (const kernel of ['7.2', '6.19', 'v4'] as const) {
        const state = await damaged(rule, kernel)
        if (state === null) continue
        const document = JSON.parse(jsonLine({ schema: 'kho/dump/1', ...documentJson(state) }))
        expect(schema.safeParse(document).error).toBeUndefined()
        const paths = validateState(state).findings.flatMap(finding => finding.path ?? [])
        const { count, path } = ownershipOf(state)
        for (let id = 0; id < count; id += Math.ceil(count / 40)) paths.push(path(id))
        for (const named of paths) expect(() => resolve(state, named), named).not.toThrow()
      }
    },
  )
})
