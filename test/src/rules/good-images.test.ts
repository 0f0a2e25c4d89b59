import { join } from 'node:path'
import { expect, it } from 'vitest'
import { defaultReader } from '../../../formats/kernels/index.js'
import { loadState } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { describeWith, material, namesIn } from '../../material.js'
import { complaints } from './examples.js'

const captures = material('KHO_TEST_CAPTURES') ?? ''

describeWith('KHO_TEST_CAPTURES', 'rules on what a real Linux 7.2 handed over', () => {
  const good = namesIn(captures, '.expected.json').filter(name => /\.(s1-kexec|s2-early)$/.test(name))

  it('are run on both moments', () => {
    expect(good.filter(name => name.endsWith('s2-early')).length).toBeGreaterThan(1)
    expect(good.filter(name => name.endsWith('s1-kexec')).length).toBeGreaterThan(3)
  })

  it.each(good)('%s: nobody complains', async name => {
    const image = await openImage(join(captures, `${name}.elf`))
    const state = loadState(image)
    const context = { state, kernel: defaultReader(state.abi, null), cmdline: null, absentIsZero: false }
    expect(complaints({ ...context, ram: null })).toEqual([])
    expect(complaints({ ...context, ram: null, absentIsZero: true })).toEqual([])
    image.close()
  })

  it.each(namesIn(captures, '.expected.json').filter(name => /\.s[23]-(in|kexec)$/.test(name)))(
    '%s: a map that was read and overwritten is not blamed',
    async name => {
      const image = await openImage(join(captures, `${name}.elf`))
      const state = loadState(image, { root: 'incoming' })
      const context = { state, kernel: defaultReader(state.abi, null), cmdline: null, absentIsZero: false }
      expect(state.tracker.state).toBe('stale')
      expect(complaints({ ...context, ram: null })).toEqual([])
      image.close()
    },
  )
})
