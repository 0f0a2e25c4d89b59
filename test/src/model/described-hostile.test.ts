import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layoutSet } from '../../../formats/described/index.js'
import { isKhoError } from '../../../formats/error.js'
import { diffStates } from '../../../src/diff/diff.js'
import { loadState } from '../../../src/image/load-state.js'
import { parseLayout } from '../../../src/layouts/layout-file.js'
import { openBytes } from '../../../src/library/open-bytes.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { jsonLine } from '../../../src/render/json.js'
import { documentJson } from '../../../src/render/view-json.js'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { validateState } from '../../../src/validate/validate.js'
import { ROOT } from '../../built.js'
import { elfBytes } from '../simulate/dump.js'
import { POSTED_SCENARIOS, stateOfFixture } from './described-states.js'

const text = (path: string) => readFileSync(join(ROOT, path), 'utf8')

describe.each(POSTED_SCENARIOS)('the scenario %s, with its structures overwritten', name => {
  const scenario = parseScenario(text(`fixtures/scenarios/${name}.yaml`), name)
  const simulation = simulate(scenario, { at: 'early' })
  const whole = elfBytes(simulation)

  it('is read to an end, whatever they say', async () => {
    const good = await stateOfFixture(name)
    const places = ownershipOf(good).groups.flatMap(group =>
      group.kind === 'data' ? [] : [...group.starts].map(start => start),
    )
    const word = fc.oneof(
      fc.constantFrom(0n, 1n, 2n ** 52n, 2n ** 63n, 2n ** 64n - 1n),
      fc.constantFrom(...places.map(BigInt)),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    )
    const edits = fc.array(fc.tuple(fc.constantFrom(...places), fc.nat(48), word), {
      minLength: 1,
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(edits, async all => {
        const bytes = whole.slice()
        for (const [place, slot, value] of all) {
          const read = good.image.memory.read(place + slot * 8, 8)
          if (read.ok && read.offset !== null)
            new DataView(bytes.buffer).setBigUint64(read.offset, value, true)
        }
        try {
          const state = loadState(await openBytes(bytes), { root: simulation.root! })
          expect(jsonLine(documentJson(state)).length).toBeGreaterThan(0)
          validateState(state, { all: true })
          diffStates(good, state)
        } catch (error) {
          // What is no state any more is said to be none.
          if (!isKhoError(error)) throw error
        }
      }),
      { numRuns: 12 },
    )
  })
})

describe('a broken layout file', () => {
  const files = ['pci', 'iommu', 'kvm'].map(name => text(`layouts/${name}.yaml`))

  it('is refused in one line, or taken', () => {
    const edit = fc.tuple(
      fc.nat(2000),
      fc.nat(30),
      fc.constantFrom('', ' ', ':', '{', '}', '[', '-1', '99999', '&a', '*a', 'u64', '__proto__'),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (file, edits) => {
          let broken = file
          for (const [at, length, put] of edits)
            broken = broken.slice(0, at) + put + broken.slice(at + length)
          try {
            layoutSet([parseLayout(broken, 'x.yaml')]).names('flbs')
          } catch (error) {
            expect(isKhoError(error) && error.code).toBe('usage')
            expect((error as Error).message).toMatch(/^x\.yaml(:\d+)?: [^\n]+$/)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
