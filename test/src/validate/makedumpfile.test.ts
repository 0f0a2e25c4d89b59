import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { presentRanges } from '../../../formats/memory/physical-memory.js'
import { loadState } from '../../../src/image/load-state.js'
import { openImage } from '../../../src/node/open.js'
import { validateState } from '../../../src/validate/validate.js'
import { writeOverlayElf } from '../../../src/write/image-writer.js'
import { describeWith, material } from '../../material.js'
import { errorRules, neededPages, verdictOn } from './holed.js'

/** All of a guest's memory, as QEMU dumps it. */
const whole = join(material('KHO_TEST_CAPTURES') ?? '', 'containers/qemu.elf.zst')

const LEVELS = Array.from({ length: 32 }, (_, level) => level)

describeWith('KHO_TEST_CAPTURES', 'a dump that makedumpfile filtered', () => {
  if (spawnSync('makedumpfile', ['-v']).status !== 0) {
    it('left out without makedumpfile', () => console.log('left out: dump levels (without makedumpfile)'))
    return
  }

  const folder = mkdtempSync(join(tmpdir(), 'kho-levels-'))
  const core = join(folder, 'vmcore')
  let root = 0
  let reader = ''
  let pages: number[] = []
  let had: string[] = []

  beforeAll(async () => {
    const image = await openImage(whole)
    const state = loadState(image)
    const verdict = validateState(state)
    expect(verdict.outcome.word).toBe('ok')
    root = state.root.address
    reader = verdict.outcome.kernel
    had = errorRules(verdict)
    // The array of scratch areas is looked at, too: here to see that it is not in place yet.
    pages = [...neededPages(image, { root }, { reader }), state.scratchArray!.address]
    // QEMU has its program headers where makedumpfile does not look.
    const file = openSync(core, 'w')
    const { memory } = image
    writeOverlayElf(image, { memory, present: presentRanges(memory) }, (bytes, offset) => {
      writeSync(file, bytes, 0, bytes.length, offset)
    })
    closeSync(file)
    image.close()
  }, 120_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each(LEVELS)(
    '-d %i: ok only with all that is needed, and no error that the whole has not',
    async level => {
      const path = join(folder, `d${level}`)
      execFileSync('makedumpfile', ['-l', '-d', String(level), core, path], { stdio: 'pipe' })
      const image = await openImage(path)
      const complete = pages.every(page => image.memory.read(page, 1).ok)
      const verdict = verdictOn(image, { root }, { reader })
      image.close()
      rmSync(path)
      expect(errorRules(verdict).filter(rule => !had.includes(rule))).toEqual([])
      expect(verdict.outcome.word).toBe(complete ? 'ok' : 'unknown')
      // Without a filter nothing is missing, and the highest level leaves out what preserved memory is among.
      if (level === 0) expect(complete).toBe(true)
      if (level === 31) expect(complete).toBe(false)
    },
    60_000,
  )
})
