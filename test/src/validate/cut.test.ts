import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import { openBytes } from '../../../src/node/open.js'
import { validateState } from '../../../src/validate/validate.js'
import { describeWith, material, namesIn } from '../../material.js'
import { errorRules, neededPages, verdictOn } from './holed.js'

const captures = material('KHO_TEST_CAPTURES') ?? ''

const STEP = 64 * 1024

/** A file that ends early, opened; null where not even its headers are there. */
async function openCut(bytes: Uint8Array): Promise<KhoImage | null> {
  try {
    return await openBytes(bytes, { format: 'elf' })
  } catch (error) {
    if (!isKhoError(error)) throw error
    expect(error.code).toBe('unreadable')
    return null
  }
}

describeWith('KHO_TEST_CAPTURES', 'a capture that is cut off', () => {
  it.each(namesIn(captures, '.elf'))(
    '%s: at every 64 KiB, ok only with all that is needed, and no error that the whole has not',
    { timeout: 120_000 },
    async name => {
      const bytes = readFileSync(join(captures, `${name}.elf`))
      const image = await openBytes(bytes)
      const state = loadState(image)
      const whole = validateState(state)
      const { address: root } = state.root
      const { pageShift } = state.geometry
      const validate = { reader: whole.outcome.kernel }
      const pages = neededPages(image, { root }, validate)
      const had = errorRules(whole)
      const wrong: string[] = []
      for (let end = STEP; end < bytes.length; end += STEP) {
        const cut = await openCut(bytes.subarray(0, end))
        if (cut === null) continue
        const complete = pages.every(page => cut.memory.read(page, 1).ok)
        const verdict = verdictOn(cut, { root, pageShift }, validate)
        const { word } = verdict.outcome
        const errors = errorRules(verdict).filter(rule => !had.includes(rule))
        if (errors.length > 0 || (complete ? word !== 'ok' && word !== 'unknown' : word !== 'unknown'))
          wrong.push(`${end} of ${bytes.length}: ${word} ${errors.join(' ')}`)
      }
      expect(wrong).toEqual([])
    },
  )
})
