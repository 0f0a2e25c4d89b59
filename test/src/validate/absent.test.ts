import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadState } from '../../../src/image/load-state.js'
import { zeroFilled } from '../../../src/image/zero-memory.js'
import { openImage } from '../../../src/node/open.js'
import { openCase, optionsOf } from '../../../src/replay/grid/corpus.js'
import { validateState } from '../../../src/validate/validate.js'
import { describeWith, material, namesIn } from '../../material.js'
import { errorRules, neededPages, verdictOn, without } from './holed.js'

const captures = material('KHO_TEST_CAPTURES') ?? ''
const corpus = material('KHO_TEST_CORPUS') ?? ''

/** Dumps of every moment; those from after a map was freed, or from before it was written, have nothing to take away. */
function captureNames(): string[] {
  const releases = join(captures, 'releases')
  return [
    ...namesIn(captures, '.elf').map(name => `${name}.elf`),
    ...readdirSync(releases).flatMap(release =>
      namesIn(join(releases, release), '.elf.zst').map(name => `releases/${release}/${name}.elf.zst`),
    ),
  ]
}

const LATE = ['6.17.8-noluo/retrieved', '6.19.11-luo/ready', '6.19.11-luo/retrieved']

describeWith('KHO_TEST_CAPTURES', 'a capture that lacks one page which the kernel looks at', () => {
  it.each(captureNames())(
    '%s: never ok, and no error that the whole has not',
    { timeout: 120_000 },
    async name => {
      const image = await openImage(join(captures, name))
      const state = loadState(image)
      const whole = validateState(state)
      if (LATE.some(late => name.includes(late))) {
        expect(whole.outcome).toMatchObject({ word: 'unknown', why: ['TRACKER-STALE'] })
        return
      }
      expect(whole.outcome.word).toBe('ok')
      const { address: root } = state.root
      const validate = { reader: whole.outcome.kernel }
      const pages = neededPages(image, { root }, validate)
      expect(pages.length).toBeGreaterThan(13)
      const had = errorRules(whole)
      const wrong = pages.flatMap(page => {
        const holed = without(image, page, state.geometry.pageSize)
        const verdict = verdictOn(holed, { root }, validate)
        const errors = errorRules(verdict).filter(rule => !had.includes(rule))
        const { word } = verdict.outcome
        return word === 'unknown' && errors.length === 0
          ? []
          : [`0x${page.toString(16)} ${word} ${errors.join(' ')}`]
      })
      image.close()
      expect(wrong).toEqual([])
    },
  )
})

/** No more pages than tell: of a map with thousands of bitmaps, one is as good as its neighbour. */
const MOST_PAGES = 150

function spread(pages: readonly number[]): number[] {
  const step = Math.ceil(pages.length / MOST_PAGES)
  return pages.filter((_, n) => n % step === 0)
}

const FOLDERS = ['v5', 'kho-v1-6.16', 'kho-v1-6.19', 'kho-v2-7.0', 'kho-v4-7.2']

describeWith(
  'KHO_TEST_CORPUS',
  'an image of the corpus that lacks one page which the kernel looks at',
  () => {
    describe.each(FOLDERS)('%s', folder => {
      it.each(namesIn(join(corpus, folder), '.expected.json'))(
        '%s: never ok, and no error that the whole has not',
        { timeout: 120_000 },
        async name => {
          const opened = await openCase(corpus, `${folder}/${name}`)
          // The kernel that read it saw zeros wherever the image has nothing.
          const image = { ...opened.image, memory: zeroFilled(opened.image.memory, opened.ram) }
          const options = optionsOf({ ...opened, image }, false)
          const whole = validateState(loadState(image, options.state), options.validate)
          const pages = spread(neededPages(image, options.state, options.validate))
          expect(pages.length).toBeGreaterThan(0)
          const had = errorRules(whole)
          const wrong = pages.flatMap(page => {
            const holed = without(image, page, 2 ** opened.pageShift)
            const verdict = verdictOn(holed, options.state, options.validate)
            const errors = errorRules(verdict).filter(rule => !had.includes(rule))
            const { word } = verdict.outcome
            return word !== 'ok' && errors.length === 0
              ? []
              : [`0x${page.toString(16)} ${word} ${errors.join(' ')}`]
          })
          expect(wrong).toEqual([])
        },
      )
    })
  },
)
