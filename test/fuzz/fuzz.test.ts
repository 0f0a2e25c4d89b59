import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Base, makeBases } from './bases.js'
import { runCase } from './case.js'
import { CONTAINERS } from './containers.js'
import { execute } from './execute.js'
import { COMMAND_NAMES, makeLine } from './lines.js'
import { generator } from './mutate.js'

/*
 * The first cases of `npm run fuzz`, in this process; the command itself goes on from there for as long as it is told to.
 */
const FIRST_SEEDS = 24

let folder = ''
let bases: Base[] = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kho-fuzz-'))
  bases = await makeBases()
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the fuzzer', () => {
  it('starts from images that have what is to be broken', () => {
    expect(bases.length).toBeGreaterThan(20)
    for (const base of bases) {
      expect(base.words.length, base.name).toBeGreaterThan(20)
      expect(base.fdts.length, base.name).toBeGreaterThan(0)
    }
  })

  it('writes containers that are read as what they were written as', async () => {
    const random = generator(1)
    const base = bases[0]!
    const { writeFileSync } = await import('node:fs')
    for (const [name, make] of Object.entries(CONTAINERS)) {
      const { bytes, options } = make(base, new Map(), random)
      const path = join(folder, 'whole')
      writeFileSync(path, bytes)
      expect(await execute(['pages', path, ...options]), name).toMatchObject({ code: 0, problems: [] })
    }
  })

  it('runs every command', () => {
    const random = generator(2)
    const files = { image: 'i', good: 'g', scenario: 's', output: 'o', options: [] }
    const ran = new Set(
      Array.from({ length: 5000 }, () => makeLine({ base: bases[0]!, ...files, random })[0]!),
    )
    expect([...ran].sort()).toEqual([...COMMAND_NAMES].sort())
  })

  it('finds nothing in its first cases', { timeout: 600_000 }, async () => {
    for (let seed = 1; seed <= FIRST_SEEDS; seed++) {
      const { problems } = await runCase(seed, bases, folder)
      expect(problems.filter(({ slow }) => !slow)).toEqual([])
    }
  })
})
