import { describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

const IMAGE = fixture('basic-1g.s2-early')

describe('kho dump of a pattern', () => {
  it('shows each part that is like it, once', async () => {
    const { out } = await kho(['dump', IMAGE, 'luo/sessions/vm-*/files/*', '--depth', '0'])
    expect(out.split('\n').map(line => line.split(' ')[0])).toEqual([
      'luo/sessions/vm-a/files/1',
      'luo/sessions/vm-a/files/2',
      'luo/sessions/vm-b/files/244837814094590',
      '',
    ])
  })

  it('goes through what paths leave out, and to any depth', async () => {
    const { out } = await kho(['dump', IMAGE, 'memblock/*', '--json'])
    const document = JSON.parse(out)
    expectValid('dump', document)
    expect(document.parts.map(({ path }: { path: string }) => path)).toEqual([
      'memblock/khotrace',
      'memblock/khosmall',
    ])
    expect(document.parts[0].value).toMatchObject({ name: 'khotrace', size: 2097152 })
    const deep = JSON.parse((await kho(['dump', IMAGE, '**/folios/3', '--json'])).out)
    expect(deep.parts.map(({ path }: { path: string }) => path)).toEqual([
      'luo/sessions/vm-a/files/1/folios/3',
      'luo/sessions/vm-a/files/2/folios/3',
      'luo/sessions/vm-b/files/244837814094590/folios/3',
    ])
  })

  it('says when nothing is like it', async () => {
    const ran = await kho(['dump', IMAGE, 'luo/*/nobody'])
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining('is like luo/*/nobody') })
  })
})

describe('kho dump --depth', () => {
  it('ends the tree where it says', async () => {
    const depth = async (n: string) => (await kho(['dump', IMAGE, 'luo', '--depth', n])).out.split('\n')
    expect(await depth('0')).toHaveLength(2)
    expect((await depth('1')).some(line => /^ {2}sessions \(2\)$/.test(line))).toBe(true)
    expect((await depth('1')).some(line => line.startsWith('    '))).toBe(false)
    expect((await kho(['dump', IMAGE, '--depth', 'all'])).code).toBe(2)
  })
})

describe('kho dump --dts', () => {
  it('prints the root FDT, and a blob that is one, as source', async () => {
    const { out } = await kho(['dump', IMAGE, '--dts'])
    expect(out).toMatch(/^\/dts-v1\/;\n/)
    expect(out).toContain('compatible = "kho-v4"')
    expect((await kho(['dump', IMAGE, 'memblock', '--dts'])).out).toContain('"memblock-v1"')
  })

  it.each([
    [['luo', '--dts'], 'luo (blob (luo-v5)) is no device tree'],
    [['--dts', '--json'], '--dts and --json exclude each other'],
  ])('refuses %j', async (args, message) => {
    const ran = await kho(['dump', IMAGE, ...args])
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) })
  })
})
