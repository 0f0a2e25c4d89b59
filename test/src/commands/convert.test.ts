import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

let folder = ''
const image = fixture('basic-1g.s2-early')

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-convert-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('kho convert', () => {
  it.each(['elf', 'raw'])('writes an image as %s that kho pages reads the same', async container => {
    const file = join(folder, `out.${container}`)
    const run = await kho([
      'convert',
      image,
      '--to',
      'kho-v1-page',
      '-o',
      file,
      '--container',
      container,
      '--json',
    ])
    expect(run.code).toBe(0)
    const report = JSON.parse(run.out) as { base: string; size: number; losses: { code: string }[] }
    expectValid('convert', report)
    expect(report.size).toBe(statSync(file).size)
    expect(report.losses.map(({ code }) => code)).not.toContain('BLOCKS-LOST')
    const base = container === 'raw' ? ['--base', report.base] : []
    const after = await kho(['pages', file, ...base])
    expect(after).toMatchObject({ code: 0, out: (await kho(['pages', image])).out })
    const dump = await kho(['dump', file, ...base, '--json'])
    expect(JSON.parse(dump.out)).toMatchObject({ abi: 'kho-v1-page', compatible: 'kho-v1' })
  })

  it('is deterministic, and places pages elsewhere for another seed', async () => {
    const write = async (name: string, seed: string) => {
      const file = join(folder, name)
      expect(
        (await kho(['convert', image, '--to', 'kho-v3', '-o', file, '--seed', seed, '--ram', '1M-1G'])).code,
      ).toBe(0)
      return readFileSync(file)
    }
    const first = await write('a', '1')
    expect(Buffer.compare(first, await write('b', '1'))).toBe(0)
    expect(Buffer.compare(first, await write('c', '2'))).not.toBe(0)
  })

  it('never writes over its input, and says what is wrong', async () => {
    const file = join(folder, 'input.elf')
    copyFileSync(image, file)
    expect(await kho(['convert', file, '--to', 'kho-v3', '-o', file])).toMatchObject({ code: 2 })
    expect(Buffer.compare(readFileSync(file), readFileSync(image))).toBe(0)
    const bad = (...args: string[]) => kho(['convert', image, '-o', join(folder, 'x'), ...args])
    expect(await bad()).toMatchObject({ code: 2 })
    expect(await bad('--to', 'kho-v9')).toMatchObject({ code: 2 })
    expect(await bad('--to', 'kho-v3', '--blobs', '5.4')).toMatchObject({ code: 2 })
  })
})
