import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireBuild } from '../built.js'
import { measure } from '../measure.js'
import { BOMBS } from './bombs.js'

/*
 * No command may take time or memory that grows faster than its input. Processor time and memory of a child process are held
 * against two and a half times what an idle machine needs (docs/performance.md has that), so that only growth of another kind exceeds
 * them: most of what is here once took minutes, or never ended.
 */

/** Bytes of a bomb here. */
const BYTES = 9.5e6

interface Cost {
  args: (image: string) => string[]
  /** Exit codes that are an answer. */
  codes: readonly number[]
  /** Most milliseconds of processor time, and MiB. */
  cpu: number
  rss: number
}

/** What commands do, by one command for each: judge and add up owners, write all of it, keep what is read, write anew, compare. */
const COSTS: Readonly<Record<string, Cost>> = {
  stat: { args: image => ['stat', image], codes: [0], cpu: 4000, rss: 600 },
  'dump --json': { args: image => ['dump', image, '--json'], codes: [0], cpu: 5000, rss: 600 },
  slim: { args: image => ['slim', image, '-o', `${image}.out`], codes: [0], cpu: 5000, rss: 600 },
  convert: {
    args: image => ['convert', image, '--to', 'array', '-o', `${image}.out`],
    // What an ABI cannot say, and what is not whole, is refused.
    codes: [0, 2, 5],
    cpu: 3000,
    rss: 800,
  },
  // The picture, which is refused of what nobody can lay out; the trackers' cost, and what every kernel makes of it.
  map: { args: image => ['map', image], codes: [0, 5], cpu: 2500, rss: 600 },
  compare: { args: image => ['compare', image], codes: [0], cpu: 4000, rss: 500 },
  abi: { args: image => ['abi', image], codes: [0], cpu: 6000, rss: 800 },
  // Every byte with what it is: 20 to 30 characters for each.
  hex: { args: image => ['hex', image, '0x100000+32M'], codes: [0], cpu: 4500, rss: 600 },
  // Of two images.
  diff: { args: image => ['diff', image, image], codes: [0, 5], cpu: 6000, rss: 1000 },
}

let folder = ''
beforeAll(() => {
  requireBuild()
  folder = mkdtempSync(join(tmpdir(), 'kho-bombs-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(BOMBS)('$what', ({ name, make }) => {
  let image = ''
  beforeAll(() => {
    image = join(folder, `${name}.elf`)
    const whole = make(1)
    writeFileSync(image, whole.length > BYTES ? make(BYTES / whole.length) : whole)
  })
  afterAll(() => {
    for (const path of [image, `${image}.out`]) rmSync(path, { force: true })
  })

  it.each(Object.entries(COSTS))(
    'cost kho %s no more than their bytes do',
    { timeout: 600_000 },
    (_, { args, codes, cpu, rss }) => {
      const cost = measure(args(image))
      expect(codes).toContain(cost.status)
      expect(cost.cpu).toBeLessThan(cpu)
      expect(cost.rss).toBeLessThan(rss)
    },
  )
})
