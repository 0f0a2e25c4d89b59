import { describe, expect, it } from 'vitest'
import { gridBase } from '../../../../src/replay/grid/base-state.js'
import { predictCase } from '../../../../src/replay/grid/judge-row.js'
import { patchedState } from '../../../../src/replay/grid/patched.js'
import { BOOTED } from '../../../material.js'
import { gridTable } from './tables.js'

/** What is predicted where the name of a child of the root is another one. */
async function renamed(release: (typeof BOOTED)[number], child: string, name: string) {
  const base = gridBase(release)
  const id = `root/${child}.name`
  const { at, stage } = base.fields.find(field => field.id === id)!
  const bytes = Buffer.from(name, 'latin1').toString('hex')
  const row = { id: `${id} = ${name}`, field: id, value: name, stage, at, bytes }
  return predictCase(base, await patchedState(base, row), gridTable(release))
}

// Each of the six kernels said so, and gave back what the first child holds.
describe.each(BOOTED)('a child of the root of Linux %s', release => {
  it('of a name that is there already is no second file in debugfs', async () => {
    const { word, why } = await renamed(release, 'memblock', 'kho_test')
    expect(word).toBe('error-reported')
    expect(why).toContain('ROOT-CHILD-DUPLICATE')
  })

  it('of a name that no file can have is one that debugfs refuses', async () => {
    const { word, why } = await renamed(release, 'kho_test', 'kho/test')
    expect(word).toBe('error-reported')
    expect(why).toContain('BLOB-NO-READER')
  })
})
