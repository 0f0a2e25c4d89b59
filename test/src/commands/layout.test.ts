import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../built.js'
import { fixture, kho } from '../cli/kho.js'

const folder = mkdtempSync(join(tmpdir(), 'kho-layout-'))
const image = join(folder, 'pci.elf')
const layout = join(folder, 'mine.yaml')
const MINE = `# A driver's child.
children:
  driver: drv_ser
flbs:
  pci: [my_pci]
structs:
  drv_ser:
    fields:
      magic: { at: 0, type: u32, is: [0x1234], show: hex }
  my_pci:
    fields:
      mine: { at: 0, type: u64, show: count }
`

beforeAll(async () => {
  writeFileSync(layout, MINE)
  expect(await kho(['simulate', join(ROOT, 'fixtures/scenarios/pci.yaml'), '-o', image, '-q'])).toMatchObject(
    {
      code: 0,
    },
  )
})

describe('--layout', () => {
  it.each([
    ['dump', ['luo/flbs/#0'], 'my_pci'],
    ['hex', ['luo/flbs/#0/struct'], 'my_pci'],
    ['whois', ['0xed61000'], 'my_pci'],
  ])('is taken by %s', async (command, args, shown) => {
    const { out, code } = await kho([command, image, ...args, '--layout', layout])
    expect(code).toBe(0)
    expect(out).toContain(shown)
    expect(out).not.toContain('not merged')
  })

  it('is taken by every command that opens a state', async () => {
    for (const command of [
      'dump',
      'pages',
      'whois',
      'hex',
      'diff',
      'validate',
      'boot',
      'extract',
      'slim',
      'map',
    ]) {
      const { out } = await kho(['help', command])
      expect([command, out.includes('--layout <FILE>')]).toEqual([command, true])
    }
  })

  it('shows the posted layouts without it, and says that they are', async () => {
    const { out } = await kho(['dump', image, 'luo/flbs/#0'])
    expect(out).toContain('posted 2026-09-18, not merged')
    const who = await kho(['whois', image, '0xed61000'])
    expect(who.out).toContain('pci_ser, posted 2026-09-18, not merged')
  })

  it.each([
    'dump',
    'pages',
    'validate',
    'hex luo',
    'whois 0x1000',
    'diff',
    'slim',
    'extract luo',
    'convert --to kho-v3',
  ])('is no place for the output of %s', async line => {
    const [command, ...args] = line.split(' ') as [string, ...string[]]
    const second = command === 'diff' ? [image] : []
    const { code, err } = await kho([command, image, ...second, ...args, '--layout', layout, '-o', layout])
    expect([code, err]).toEqual([2, expect.stringContaining('mine.yaml')])
    expect(readFileSync(layout, 'utf8')).toBe(MINE)
  })

  it('can be given for both images, or for the second', async () => {
    const { code, out } = await kho(['diff', image, image, '--b-layout', layout])
    expect(code).toBe(1)
    expect(out).toContain('luo/flbs/#0')
  })

  it('makes what a scenario says', async () => {
    const scenario = join(folder, 'mine-scenario.yaml')
    writeFileSync(
      scenario,
      `machine: { ram: [1M-128M], scratch: [{ address: 0x6000000, size: 16M }] }
calls:
  - add_subtree: { name: driver, struct: {} }
  - kexec
`,
    )
    const made = join(folder, 'mine.elf')
    expect(await kho(['simulate', scenario, '--layout', layout, '-o', made])).toMatchObject({ code: 0 })
    const { out } = await kho(['dump', made, 'blobs/driver', '--layout', layout, '--json'])
    expect(JSON.parse(out).value).toMatchObject({
      format: 'struct',
      value: { type: 'drv_ser', posted: null, fields: { magic: '0x1234' } },
    })
    expect((await kho(['simulate', scenario, '-o', join(folder, 'none.elf')])).err).toMatch(
      /no layout tells of "driver"/,
    )
  })

  it.each([
    ['structs: [', /bad\.yaml:1: this is no YAML/],
    [
      'flbs: { x: y }\nstructs:\n  y:\n    fields:\n      a: { at: 0, type: u8, colour: red }\n',
      /bad\.yaml:5: structs\.y\.fields\.a: .*colour/,
    ],
    [
      'flbs: { x: y }\nstructs:\n  y:\n    fields:\n      a: { at: 0, type: addr, to: { struct: z } }\n',
      /bad\.yaml:4: the layout has no structure "z"|bad\.yaml: the layout has no structure "z"/,
    ],
    ['x'.repeat(2 ** 20 + 1), /too many for a layout/],
  ])('says in one line what is wrong in it: %#', async (text, message) => {
    const bad = join(folder, 'bad.yaml')
    writeFileSync(bad, text)
    const { code, err } = await kho(['dump', fixture('basic-1g.s2-early'), '--layout', bad])
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(
      err
        .trim()
        .split('\n')
        .filter(line => !line.includes('hint') && !line.includes('docs/layouts.md')),
    ).toHaveLength(1)
  })

  it('that is no file is said to be none', async () => {
    expect(await kho(['dump', image, '--layout', folder])).toMatchObject({ code: 3 })
    expect(await kho(['dump', image, '--layout', join(folder, 'none')])).toMatchObject({ code: 3 })
  })
})
