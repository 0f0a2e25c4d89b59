import { describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

const IMAGE = fixture('basic-1g.s2-early')

describe('kho map', () => {
  it('shows rows of cells with a legend', async () => {
    const ran = await kho(['map', IMAGE])
    expect(ran.code).toBe(0)
    const lines = ran.out.split('\n')
    expect(lines[0]).toBe('0x0 to 0x40000000, 1 MiB a cell, 64 MiB a row')
    expect(lines[1]).toMatch(/^0x00000000 {5}##a{10}/)
    expect(ran.out).toMatch(/\na {2}kho_test {2}8\.\d MiB\nb {2}memblock\/khotrace {2}2 MiB\n/)
    expect(ran.out).toContain('=  scratch  224 MiB')
  })

  it('keeps to a width, and to a range', async () => {
    const ran = await kho(['map', IMAGE, '--width', '40', '--range', '0x600000-0x700000'])
    expect(
      Math.max(
        ...ran.out
          .split('\n\n')[0]!
          .split('\n')
          .slice(1)
          .map(line => line.length),
      ),
    ).toBeLessThan(40)
    expect(ran.out).toContain('0x600000 to 0x700000, 4 KiB a cell, 64 KiB a row')
  })

  it('is coloured on demand', async () => {
    const plain = await kho(['map', IMAGE])
    const coloured = await kho(['map', IMAGE, '--color', 'always'])
    expect(plain.out).not.toContain('\x1b')
    expect(coloured.out).toContain('\x1b[38;5;33ma')
  })

  it('shows what changed between two images', async () => {
    const ran = await kho(['map', fixture('reserve-only-256m.s1-kexec'), IMAGE])
    expect(ran.out).toMatch(/\+ {2}added {2}\d/)
    const same = await kho(['map', IMAGE, IMAGE])
    expect(same.out).toContain('+  added  0 bytes')
  })

  it('answers in JSON that its schema describes', async () => {
    for (const by of ['owner', 'order']) {
      const ran = await kho(['map', IMAGE, '--json', '--by', by])
      const document = JSON.parse(ran.out)
      expectValid('map', document)
      expect(document.cells.length).toBeGreaterThan(200)
    }
  })

  it.each([
    [['--width', '7'], "'7' is no number from 16 to 1024"],
    [['--by', 'size'], "'size' is none of owner, order"],
    [['--range', '1G'], "'1G' is no range"],
  ])('refuses %j', async (options, message) => {
    const ran = await kho(['map', IMAGE, ...options])
    expect(ran.code).toBe(2)
    expect(ran.err).toContain(message)
  })
})

it('names no more scratch than there can be of memory, whatever an array says', async () => {
  // A page of a device tree, read as areas.
  const ran = await kho(['map', IMAGE, '--json', '--scratch', '0x60d000+4096'])
  const document = JSON.parse(ran.out)
  expectValid('map', document)
  for (const { bytes } of document.legend) expect(bytes).toBeLessThanOrEqual(2 ** 52)
})

describe('what a kernel has to boot in', () => {
  const RAM = ['--ram', '0-8G'] as const

  it('is marked on the map, and said below it', async () => {
    const { out } = await kho(['map', IMAGE, ...RAM, '--rows', '8'])
    expect(out).toContain('::::::::')
    expect(out).toContain(':  early boot of 7.3 may overwrite it  7 GiB')
    expect(out).toContain(
      'it must have 128 MiB for struct pages, and more, which it has; no page of 1 GiB fits',
    )
    expect(out).toContain('7.3 opens 7 GiB beside it, in one range; 7 pages of 1 GiB fit')
    const older = await kho(['map', IMAGE, ...RAM, '--reader', '7.2'])
    expect(older.out).not.toContain('early boot of')
  })

  it('is in JSON, too', async () => {
    const document = JSON.parse((await kho(['map', IMAGE, ...RAM, '--json'])).out)
    expectValid('map', document)
    expect(document.opened).toEqual([{ start: '0x40000000', end: '0x200000000' }])
    expect(document.room.opened).toMatchObject({ kernel: '7.3', gigantic: 7, notKnown: null })
    const two = JSON.parse((await kho(['map', IMAGE, IMAGE, '--json'])).out)
    expectValid('map', two)
    expect([two.scratch, two.room, two.opened]).toEqual([null, null, null])
  })
})
