import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import { READING_KERNELS } from '../../../formats/kernels/index.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { damageState, damagesOf } from '../../../src/damage/index.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { outcomesOf, readForKernels } from '../../../src/validate/many.js'
import { validateState } from '../../../src/validate/validate.js'
import { ROOT } from '../../built.js'
import { fixture } from '../cli/kho.js'

const STATES: [string, string][] = [
  ['7.2, early', fixture('basic-1g.s2-early')],
  ['7.2, at the jump', fixture('basic-1g.s1-kexec')],
  ['6.19, early', join(ROOT, 'fixtures/releases/6.19.11/early.elf.zst')],
]

/** The same state over a memory that notes the pages that are read. */
function watched(state: KhoState): { state: KhoState; pages: Set<number> } {
  const pages = new Set<number>()
  const { memory } = state.image
  const noting: PhysicalMemory = {
    ...memory,
    read(phys, length) {
      const result = memory.read(phys, length)
      const end = result.ok ? phys + length : result.address
      for (let page = Math.floor(phys / 4096); page * 4096 < end; page++) pages.add(page)
      return result
    },
  }
  const { root, geometry, abi } = state
  const options = { root: root.address, pageShift: geometry.pageShift, abi }
  return { state: loadState({ ...state.image, memory: noting }, options), pages }
}

/** A state, and what every damage that it has room for makes of it. */
function* broken(state: KhoState): Generator<[string, KhoState]> {
  yield ['as it is', state]
  const { root, geometry, abi, image } = state
  for (const { rule, reason } of damagesOf(state)) {
    if (reason !== null) continue
    const { memory } = damageState(state, [{ rule, seed: 1 }])
    try {
      const options = { root: root.address, pageShift: geometry.pageShift, abi }
      yield [rule, loadState({ ...image, memory, ramKnown: memory.ranges }, options)]
    } catch (error) {
      if (!isKhoError(error) || error.code !== 'no-state') throw error
    }
  }
}

describe.each(STATES)('many kernels asked of one state, %s', (_, path) => {
  it('come to what each comes to by itself, however it is broken', { timeout: 300_000 }, async () => {
    let asked = 0
    for (const [rule, state] of broken(loadState(await openImage(path)))) {
      const outcomeFor = outcomesOf(state)
      for (const kernel of READING_KERNELS) {
        const { outcome } = validateState(state, { reader: kernel.name })
        const { word, why } = outcomeFor(kernel)
        expect({ rule, kernel: kernel.name, word, why }).toEqual({
          rule,
          kernel: kernel.name,
          word: outcome.word,
          why: outcome.why,
        })
        asked++
      }
    }
    expect(asked).toBeGreaterThan(400)
  })

  it('read together what each reads by itself', { timeout: 300_000 }, async () => {
    const sound = loadState(await openImage(path))
    const together = watched(sound)
    readForKernels(together.state)
    expect(together.pages.size).toBeGreaterThan(10)
    for (const { name } of READING_KERNELS) {
      const alone = watched(sound)
      validateState(alone.state, { reader: name })
      expect([...alone.pages].filter(page => !together.pages.has(page))).toEqual([])
    }
  })
})
