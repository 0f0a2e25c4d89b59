import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listBlocks } from '../../../formats/pages/runs.js'
import { loadStates } from '../../../src/image/load-state.js'
import { resolve } from '../../../src/model/resolve.js'
import { openImage } from '../../../src/node/open.js'
import { ownerSets } from '../../../src/owners/algebra.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { traceBlock } from '../../../src/owners/tracker-trace.js'
import { ROOT } from '../../built.js'
import { describeWith, namesIn } from '../../material.js'
import { fixture } from '../cli/kho.js'

async function statesOf(path: string) {
  const image = await openImage(path)
  return { image, states: loadStates(image) }
}

function checkStates(folder: string): void {
  const names = namesIn(folder, '.elf')
  it('has captures', () => expect(names.length).toBeGreaterThan(4))

  it.each(names)('every claim of %s has a path that leads back to it', async name => {
    const { image, states } = await statesOf(join(folder, `${name}.elf`))
    for (const state of states) {
      const ownership = ownershipOf(state)
      for (let id = 0; id < ownership.count; id++) {
        const { path, start } = ownership.claim(id)
        const starts = resolve(state, path).memory.extents.map(extent => extent.start)
        expect(starts, path).toContain(start)
        expect(resolve(state, path).path).toBe(path)
      }
    }
    image.close()
  })

  it.each(names)('the way to every bit of %s can be followed', async name => {
    const { image, states } = await statesOf(join(folder, `${name}.elf`))
    for (const state of states) {
      for (const { address, order } of listBlocks(state.tracker.decode.pages)) {
        const steps = traceBlock(state, address, order)
        expect(steps).toHaveLength(state.geometry.pageShift === 12 ? 6 : 4)
        expect(steps.at(-1)).toMatchObject({ slot: null, bit: expect.any(Number) })
      }
    }
    image.close()
  })

  it.each(names)(
    '%s: all preserved memory has one owner, as far as LUO has written down what it has',
    async name => {
      const { image, states } = await statesOf(join(folder, `${name}.elf`))
      for (const state of states) {
        if (state.tracker.state !== 'live') continue
        const sets = ownerSets(state.tracker.decode.pages, ownershipOf(state))
        expect([sets.dangling, sets.duplicate]).toEqual([[], []])
        // Before the reboot call sessions_pa is 0: what the files hold is preserved, but nothing names it yet.
        if (name.endsWith('s1-out')) expect(sets.orphanBlocks.length).toBeGreaterThan(0)
        else expect([sets.orphaned, sets.orphanBlocks]).toEqual([[], []])
      }
      image.close()
    },
  )
}

describe('owners in the captures of this repository', () => {
  checkStates(join(ROOT, 'fixtures'))

  it('basic-1g at its jump: no duplicate, no dangling page, and no orphan that would need an explanation', async () => {
    const { image, states } = await statesOf(fixture('basic-1g.s1-kexec'))
    const [state] = states
    const ownership = ownershipOf(state!)
    expect(ownerSets(state!.tracker.decode.pages, ownership)).toEqual({
      orphaned: [],
      orphanBlocks: [],
      dangling: [],
      duplicate: [],
    })
    // The biggest part is kho_test's 8 MiB, which only its own blob claims.
    const paths = Array.from({ length: ownership.count }, (_, id) => ownership.claim(id))
    const tested = paths.filter(claim => claim.path.startsWith('kho_test/folios/'))
    expect(tested.reduce((sum, claim) => sum + claim.end - claim.start, 0)).toBeGreaterThan(2 ** 22)
    image.close()
  })
})

describeWith('KHO_TEST_CAPTURES', 'owners in all captures', checkStates)
