import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAMAGES } from '../../../src/damage/index.js'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

const IMAGE = fixture('basic-1g.s2-early')
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-damage-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('kho damage', () => {
  it('writes an image in which validate finds the rule, and leaves the first as it is', async () => {
    const before = readFileSync(IMAGE)
    const output = join(folder, 'broken.elf')
    const ran = await kho(['damage', IMAGE, '--damage', 'RADIX-CYCLE', '-o', output])
    expect(ran).toEqual({ code: 0, out: expect.stringMatching(/^damage RADIX-CYCLE: .+\n$/), err: '' })
    expect((await kho(['validate', output])).out).toContain('error RADIX-CYCLE ')
    expect((await kho(['validate', IMAGE])).out).toContain('0 errors')
    expect(readFileSync(IMAGE).equals(before)).toBe(true)
  })

  it('writes raw memory too, and several damages into one image', async () => {
    const output = join(folder, 'broken.raw')
    const args = ['--damage', 'MEMFD-SIZE:2', '--damage', 'MEMBLOCK-NAME', '--container', 'raw']
    const ran = await kho(['damage', IMAGE, ...args, '-o', output, '--json'])
    const document = JSON.parse(ran.out)
    expectValid('damage', document)
    expect(document.done.map(({ rule, seed }: { rule: string; seed: number }) => [rule, seed])).toEqual([
      ['MEMFD-SIZE', 2],
      ['MEMBLOCK-NAME', 1],
    ])
    const base = (await kho(['dump', IMAGE, '--json'])).out
    const { start } = JSON.parse(base).image.ram[0]
    const found = await kho(['validate', output, '--base', start, '--root', '0x60d000'])
    expect(found.out).toContain(' MEMFD-SIZE ')
    expect(found.out).toContain(' MEMBLOCK-NAME ')
  })

  it('lists what can be shown on an image', async () => {
    const text = await kho(['damage', IMAGE, '--list'])
    expect(text.out).toMatch(/^RADIX-CYCLE +\S/m)
    expect(text.out).toMatch(/\nnot on this image\n(.*\n)*CHUNK-CYCLE +this state has no .* to break/)
    const json = JSON.parse((await kho(['damage', IMAGE, '--list', '--json'])).out)
    expectValid('damage', json)
    expect(json.rules.map(({ rule }: { rule: string }) => rule)).toEqual(Object.keys(DAMAGES))
  })

  it('takes names in any case, and cut short where that is one', async () => {
    const output = join(folder, 'short.elf')
    const ran = await kho(['damage', IMAGE, '--damage', 'radix-cy:7', '-o', output])
    expect(ran.out).toContain('damage RADIX-CYCLE: ')
    expect((await kho(['rules', 'radix-cycle'])).out).toContain('RADIX-CYCLE')
  })

  it('says in rules which damage shows one', async () => {
    expect((await kho(['rules', 'RADIX-CYCLE'])).out).toContain(DAMAGES['RADIX-CYCLE']!.about)
    expect((await kho(['rules', 'DUMP-BLIND-SPOT'])).out).toContain(
      'none: it is about the dump, not about the',
    )
  })

  it.each([
    [[], 'nothing to break: give --damage RULE'],
    [['--damage', 'RADIX-CYCLE'], 'no file to write to'],
    [['--damage', 'RADIX-CYCEL', '-o', 'x'], 'did you mean RADIX-CYCLE?'],
    [['--damage', 'memfd', '-o', 'x'], 'did you mean MEMFD-ABSENT, MEMFD-ADDRESS or '],
    [['--damage', 'frobnicate', '-o', 'x'], "no damage is called 'frobnicate'"],
    [['--damage', 'RADIX-CYCLE:x', '-o', 'x'], "'x' is no seed"],
    [['--damage', 'RADIX-CYCLE', '-o', '-', '--json'], '--json and -o - both'],
    [['--damage', 'RADIX-CYCLE', '-o', IMAGE], 'would overwrite '],
  ])('refuses %j', async (args, message) => {
    const ran = await kho(['damage', IMAGE, ...args])
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) })
  })

  it('refuses what the image has nothing for, and writes nothing', async () => {
    const output = join(folder, 'none.elf')
    writeFileSync(output, 'before')
    const ran = await kho(['damage', IMAGE, '--damage', 'CHUNK-CYCLE', '-o', output])
    expect(ran).toMatchObject({ code: 5, out: '', err: expect.stringContaining('to break') })
    expect(readFileSync(output, 'utf8')).toBe('before')
  })
})
