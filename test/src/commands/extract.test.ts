import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../material.js'
import { HOSTILE_NAMES, hostileImage } from '../cli/hostile.js'
import { fixture, kho } from '../cli/kho.js'
import { machine } from '../owners/synthetic.js'

const IMAGE = fixture('basic-1g.s1-kexec')
let folder = ''
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-extract-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kho extract', () => {
  it('writes a memfd as user space had it', async () => {
    const ran = await kho(['extract', IMAGE, 'luo/sessions/vm-a/files/2', '-o', at('file'), '--json'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(ran.out)).toEqual({
      schema: 'kho/extract/1',
      path: 'luo/sessions/vm-a/files/2',
      what: 'file (memfd-v2)',
      file: at('file'),
      size: 12345,
      written: 12345,
      holes: 0,
      missingBytes: 0,
      missing: [],
      incomplete: null,
    })
    expect(sha256(readFileSync(at('file')))).toBe(
      '328172473ea2fa45bd4b4395debd7ca6583e0e48bf6f9c7dd683b5e4be22a848',
    )
  })

  it('writes to standard output, and to a shorter file than was there', async () => {
    const ran = await kho(['extract', IMAGE, 'fdt/compatible', '-o', '-'])
    expect(ran).toEqual({ code: 0, out: 'kho-v4\0', err: '' })
    writeFileSync(at('old'), 'x'.repeat(1000))
    expect(await kho(['extract', IMAGE, '0x60d000+4', '-o', at('old')])).toEqual({
      code: 0,
      out: '',
      err: '',
    })
    expect(readFileSync(at('old')).toString('hex')).toBe('d00dfeed')
  })

  it('makes holes of holes', async () => {
    const made = machine()
    const page = made.allocate(1)
    page.bytes.fill(0x41)
    const folios = { pfn: [page.address / 4096], index: [4095] }
    made.addLuo({ sessions: [{ name: 'a', files: [made.listed(1n, { size: 2 ** 26, folios })] }] })
    writeFileSync(at('sparse.elf'), made.image())
    const path = 'luo/sessions/a/files/1'
    const ran = await kho(['extract', at('sparse.elf'), path, '-o', at('sparse')])
    expect(ran).toEqual({ code: 0, out: '', err: '' })
    const stat = statSync(at('sparse'))
    expect(stat.size).toBe(2 ** 26)
    expect(stat.blocks * 512).toBeLessThan(2 ** 20)
    expect(
      readFileSync(at('sparse'))
        .subarray(4095 * 4096, 4096 * 4096)
        .every(byte => byte === 0x41),
    ).toBe(true)
    const piped = await kho(['extract', at('sparse.elf'), path, '-o', '-'])
    expect(sha256(Buffer.from(piped.out))).toBe(sha256(readFileSync(at('sparse'))))
  })

  it('leaves no file when bytes are missing, and with --partial says which', async () => {
    const ran = await kho(['extract', IMAGE, 'memblock/khotrace', '-o', at('trace')])
    expect(ran.code).toBe(5)
    expect(ran.err).toContain(
      '2097152 of 2097152 bytes are not in the dump, in one range; first bytes 0-2097152',
    )
    expect(existsSync(at('trace'))).toBe(false)
    const part = await kho(['extract', IMAGE, 'memblock/khotrace', '-o', at('trace'), '--partial'])
    expect(part).toEqual({
      code: 0,
      out: '',
      err: 'kho: missing: bytes 0-2097152, at 0x3d600000-0x3d800000 (outside)\n',
    })
    expect(statSync(at('trace')).size).toBe(2097152)
    const json = await kho(['extract', IMAGE, 'memblock/khotrace', '-o', at('trace'), '--partial', '--json'])
    expect(JSON.parse(json.out)).toMatchObject({
      missingBytes: 2097152,
      missing: [{ start: 0, end: 2097152, address: '0x3d600000', reason: 'outside' }],
    })
  })

  it('never writes over its input, under whatever name', async () => {
    const copy = at('image.elf')
    writeFileSync(copy, readFileSync(IMAGE))
    linkSync(copy, at('hard'))
    symlinkSync('image.elf', at('soft'))
    for (const name of [copy, at('hard'), at('soft')]) {
      const ran = await kho(['extract', copy, 'fdt', '-o', name])
      expect(ran).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringContaining('would overwrite '),
      })
    }
    expect(sha256(readFileSync(copy))).toBe(sha256(readFileSync(IMAGE)))
  })

  it.each([
    [['fdt'], 2, 'no file to write to'],
    [['fdt', '-o', '-', '--json'], 2, 'both write to standard output'],
    [['luo/sessions', '-o', 'x'], 2, 'has no bytes of its own'],
    [['luo/nothing', '-o', 'x'], 4, 'there is no nothing in luo'],
    [['0x60d000+0', '-o', 'x'], 2, 'it is zero'],
    [['fdt', '-o', tmpdir()], 2, 'is a directory'],
    [['fdt', '-o', '/nowhere/at/all'], 6, 'cannot write /nowhere/at/all: no such file or folder (ENOENT)'],
  ])('kho extract IMAGE %j', async (args, code, message) => {
    const ran = await kho(['extract', IMAGE, ...args])
    expect(ran.err).toContain(message)
    expect(ran).toMatchObject({ code, out: '' })
  })

  it('writes only where told, whatever the session is called', async () => {
    writeFileSync(at('hostile.elf'), hostileImage())
    const before = readdirSync(folder)
    for (const n of HOSTILE_NAMES.keys()) {
      const ran = await kho(['extract', at('hostile.elf'), `luo/sessions/#${n}/files/${n}`, '-o', at('out')])
      expect(ran).toEqual({ code: 0, out: '', err: '' })
      expect(readFileSync(at('out')).equals(Buffer.alloc(100, 97 + n))).toBe(true)
    }
    expect(readdirSync(folder).sort()).toEqual([...before, 'out'].sort())
    const named = await kho([
      'extract',
      at('hostile.elf'),
      'luo/sessions/..%2F..%2Fx/files/3',
      '-o',
      at('out'),
    ])
    expect(named.code).toBe(0)
  })
})
