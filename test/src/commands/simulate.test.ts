import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../built.js'
import { kho } from '../cli/kho.js'

const FOLDER = mkdtempSync(join(tmpdir(), 'kho-simulate-'))
const SMALL = join(ROOT, 'fixtures/scenarios/small.yaml')
const at = (name: string) => join(FOLDER, name)

afterAll(() => rmSync(FOLDER, { recursive: true }))

describe('kho simulate', () => {
  it('writes a dump that the other commands read', async () => {
    const made = await kho(['simulate', SMALL, '-o', at('small.elf')])
    expect(made).toMatchObject({ code: 0, err: '' })
    expect(made.out).toMatch(
      /^kernel 6\.17, at kexec\nroot FDT 0x[0-9a-f]+\nhand-over 0x[0-9a-f]+, scratch array 0x[0-9a-f]+\+48\n/,
    )
    expect(made.out).toContain('none refused')
    const pages = await kho(['pages', at('small.elf')])
    expect(pages.code).toBe(0)
    expect(pages.out).toContain('0x4000000 9\n')
  })

  it('writes raw memory with holes, at the moment asked for, in silence', async () => {
    const made = await kho([
      'simulate',
      SMALL,
      '-q',
      '--container',
      'raw',
      '--at',
      'early',
      '-o',
      at('small.raw'),
    ])
    expect(made).toEqual({ code: 0, out: '', err: '' })
    expect(statSync(at('small.raw')).size).toBe(2 ** 29)
    expect(statSync(at('small.raw')).blocks * 512).toBeLessThan(2 ** 23)
    expect((await kho(['dump', at('small.raw')])).out).toContain('incoming')
  })

  it('writes the same for the same seed, and another for another', async () => {
    const bytes: Buffer[] = []
    for (const seed of ['1', '1', '2']) {
      await kho(['simulate', SMALL, '-q', '--seed', seed, '-o', at('seeded.elf')])
      bytes.push(readFileSync(at('seeded.elf')))
    }
    expect(Buffer.compare(bytes[0]!, bytes[1]!)).toBe(0)
    expect(Buffer.compare(bytes[0]!, bytes[2]!)).not.toBe(0)
  })

  it('says what it broke', async () => {
    const made = await kho([
      'simulate',
      SMALL,
      '--damage',
      'CHUNK-CYCLE',
      '--damage',
      'MEMBLOCK-NAME:3',
      '-o',
      at('broken.elf'),
    ])
    expect(made.code).toBe(0)
    expect(made.out).toMatch(
      /\ndamage CHUNK-CYCLE: chunk 0x[0-9a-f]+ leads back to 0x[0-9a-f]+\ndamage MEMBLOCK-NAME: /,
    )
    expect((await kho(['dump', at('broken.elf')])).out).toContain('CHUNK-CYCLE')
  })

  it('takes contents from files beside the scenario', async () => {
    writeFileSync(at('guest.bin'), 'guest bytes')
    writeFileSync(
      at('file.yaml'),
      'machine: { ram: [0-64M], scratch: [{ address: 32M, size: 8M }] }\ncalls:\n  - preserve_folio: { address: 16M, order: 0, contents: { file: guest.bin } }\n  - kexec\n',
    )
    expect((await kho(['simulate', at('file.yaml'), '-o', at('file.elf')])).code).toBe(0)
    expect(readFileSync(at('file.elf')).includes('guest bytes')).toBe(true)
  })

  it.each([
    [['simulate', SMALL], 2, /needs a file: -o FILE/],
    [['simulate', SMALL, '-o', at('x'), '--damage', 'NO-SUCH'], 2, /no damage/],
    [['simulate', SMALL, '-o', at('x'), '--damage', 'RADIX-CYCLE'], 5, /no radix tree to break/],
    [['simulate', SMALL, '-o', at('x'), '--seed', 'x'], 2, /no seed/],
    [['simulate', SMALL, '-o', at('no/such/folder')], 6, /cannot write/],
    [['simulate', at('missing.yaml'), '-o', at('x')], 3, /missing\.yaml: no such file/],
    [['simulate', SMALL, '-o', SMALL], 2, /overwrite/],
  ])('%j is refused with %i', async (args, code, message) => {
    const ran = await kho(args)
    expect(ran.code).toBe(code)
    expect(ran.err).toMatch(message)
    expect(ran.out).toBe('')
  })
})
