import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fixture, kho } from '../src/cli/kho.js'
import { generator, mutate, mutatePages } from './mutate.js'

/*
 * Whole commands on broken images. The seeds are fixed, so a failure is found again; KHO_FUZZ_SECONDS (npm run fuzz)
 * goes on with further seeds for as long as it says.
 */
const SECONDS = Number(process.env.KHO_FUZZ_SECONDS ?? 0)
const FIRST_SEEDS = 120
/** The promise for any image under 10 MB, with room for a machine that does other things too. */
const SLOWEST_MS = 2000 * 2

const folder = mkdtempSync(join(tmpdir(), 'kho-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const COMMANDS: readonly (readonly string[])[] = [
  ['dump', '--json'],
  ['dump', '--all'],
  ['pages', '--ranges'],
  ['pages', '--owner'],
  ['validate', '--absent', 'zero', '--all'],
  ['validate', '--json', '--reader', '6.19'],
  ['validate', '--as', 'ktap', '--ram', '0-4G', '--absent', 'zero'],
  ['diff'],
]

async function survives(image: Uint8Array, name: string) {
  const path = join(folder, 'image')
  writeFileSync(path, image)
  for (const [command, ...options] of COMMANDS) {
    const started = performance.now()
    const { code, err } = await kho([command!, path, ...options])
    const took = performance.now() - started
    const what = `${name}: kho ${command} ${options.join(' ')}`
    expect([0, 1, 3, 4, 5], `${what} exits ${code}: ${err}`).toContain(code)
    expect(err, what).not.toMatch(/\n\s+at /)
    expect(took, `${what} took ${took} ms`).toBeLessThan(SLOWEST_MS)
  }
}

/** Offsets of the pages in a capture: all of them hold what a decoder reads. */
function pageOffsets(image: Uint8Array): number[] {
  const offsets: number[] = []
  for (let offset = 0x1000; offset + 4096 <= image.length; offset += 4096) offsets.push(offset)
  return offsets
}

async function fuzz(make: (random: () => number) => Uint8Array, name: string) {
  const end = performance.now() + (SECONDS / 3) * 1000
  for (let seed = 1; seed <= FIRST_SEEDS || performance.now() < end; seed++) {
    await survives(make(generator(seed)), `${name}, seed ${seed}`)
  }
}

const LIMIT = 300_000 + SECONDS * 2000

describe('hostile images', () => {
  it('a capture with damage anywhere', { timeout: LIMIT }, async () => {
    const image = readFileSync(fixture('chain-512m.s2-kexec'))
    await fuzz(random => mutate(image, random), 'chain-512m.s2-kexec')
  })

  it('a capture with damage in its structures', { timeout: LIMIT }, async () => {
    const image = readFileSync(fixture('reserve-only-256m.s1-kexec'))
    const offsets = pageOffsets(image)
    await fuzz(random => mutatePages(image, offsets, random), 'reserve-only-256m.s1-kexec')
  })

  it('random bytes behind a magic', { timeout: LIMIT }, async () => {
    const heads = [
      '\x7fELF\x02\x01\x01',
      'KDUMP   ',
      'makedumpfile',
      'EMiL',
      '\xd0\x0d\xfe\xed',
      '\x28\xb5\x2f\xfd',
      '\x1f\x8b',
      '',
    ]
    await fuzz(random => {
      const bytes = new Uint8Array(64 + Math.floor(random() * 30_000))
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256)
      bytes.set(Buffer.from(heads[Math.floor(random() * heads.length)]!, 'latin1'))
      return bytes
    }, 'random bytes')
  })

  it('a capture cut at every boundary of its header and of its pages', { timeout: LIMIT }, async () => {
    const image = readFileSync(fixture('reserve-only-256m.s1-kexec'))
    const cuts = [0, 1, 4, 16, 63, 64, 65, 120, 4095, 4096, 4097]
    for (let offset = 8192; offset < image.length; offset += 8192) cuts.push(offset, offset + 100)
    for (const cut of cuts) await survives(image.subarray(0, cut), `cut at ${cut}`)
  })
})
