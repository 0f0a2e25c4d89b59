import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOSTILE_NAMES, hostileImage } from '../cli/hostile.js'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'
import { manySessions } from '../stat/scenarios.js'

const IMAGE = fixture('basic-1g.s1-kexec')
let folder = ''
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-folder-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kho extract into a folder', () => {
  it('writes what a pattern names, with digests that sha256sum takes', async () => {
    const ran = await kho(['extract', IMAGE, 'luo/sessions/*/files/*', '-o', `${at('files')}/`])
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(at('files')).sort()).toEqual([
      'SHA256SUMS',
      'luo%2Fsessions%2Fvm-a%2Ffiles%2F1',
      'luo%2Fsessions%2Fvm-a%2Ffiles%2F2',
      'luo%2Fsessions%2Fvm-b%2Ffiles%2F244837814094590',
    ])
    expect(readFileSync(at('files/SHA256SUMS'), 'utf8')).toContain(
      '328172473ea2fa45bd4b4395debd7ca6583e0e48bf6f9c7dd683b5e4be22a848  luo%2Fsessions%2Fvm-a%2Ffiles%2F2\n',
    )
    const said = execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: at('files'), encoding: 'utf8' })
    expect(said.trim().split('\n')).toHaveLength(3)
    expect(said).not.toContain('FAILED')
    expect(ran.out).toContain(
      `luo/sessions/vm-a/files/2 12345 ${at('files')}/luo%2Fsessions%2Fvm-a%2Ffiles%2F2\n`,
    )
  })

  it('takes several paths, each part once, and says in JSON what it wrote', async () => {
    const paths = ['luo/sessions/vm-a/files/2', 'luo/**', 'luo/sessions/vm-a/files/*', '0x60d000+4']
    const ran = await kho(['extract', IMAGE, ...paths, '-o', `${at('several')}/`, '--json'])
    const document = JSON.parse(ran.out)
    expectValid('extract', document)
    expect(document.files.map(({ path }: { path: string }) => path)).toEqual([
      'luo/sessions/vm-a/files/2',
      'luo/sessions/vm-a/files/1',
      'luo/sessions/vm-b/files/244837814094590',
      '0x60d000+4',
    ])
    expect(document.sums).toBe(join(`${at('several')}/`, 'SHA256SUMS'))
    for (const { file, size } of document.files) expect(statSync(file).size).toBe(size)
  })

  it('names files so that no session gets out of the folder', async () => {
    writeFileSync(at('hostile.elf'), hostileImage())
    const ran = await kho(['extract', at('hostile.elf'), 'luo/**', '-o', `${at('hostile')}/`, '-q'])
    expect(ran).toEqual({ code: 0, out: '', err: '' })
    const names = readdirSync(at('hostile'))
    expect(names).toHaveLength(HOSTILE_NAMES.length + 1)
    for (const name of names) expect(name).toMatch(/^[\x21-\x7e]+$/)
    expect(existsSync(at('x'))).toBe(false)
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: at('hostile') })
  })

  it('takes many files', async () => {
    writeFileSync(at('many.elf'), manySessions(20, 20))
    const args = ['luo/sessions/vm-1*/files/*', '--partial', '-o', `${at('many')}/`, '-q']
    expect((await kho(['extract', at('many.elf'), ...args])).code).toBe(0)
    expect(readdirSync(at('many'))).toHaveLength(11 * 20 + 1)
  })

  it('writes nothing where some of it is not in the dump', async () => {
    const image = fixture('basic-1g.s2-early')
    const ran = await kho(['extract', image, 'luo/**', 'memblock/*', '-o', `${at('lacking')}/`])
    expect(ran).toMatchObject({ code: 5, out: '' })
    expect(existsSync(at('lacking'))).toBe(false)
  })

  it.each([
    [['luo/sessions/*/files/*', '-o', 'file'], 'several parts need a folder to go to'],
    [['fdt', 'tracker', '-o', '-'], 'several parts need a folder to go to'],
    [['luo/sessions/nobody/*', '-o', 'x/'], 'nothing in the state is like luo/sessions/nobody/*'],
    [['luo/sessions/*', '-o', 'x/'], 'nothing that is like luo/sessions/* has contents of its own'],
    [['luo//*', '-o', 'x/'], ''],
  ])('refuses %j', async (args, message) => {
    const ran = await kho(['extract', IMAGE, ...args])
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) })
    expect(existsSync('x')).toBe(false)
  })

  it('says of a session what is below it', async () => {
    const ran = await kho(['extract', IMAGE, 'luo/sessions/vm-a', '-o', at('session')])
    expect(ran.code).toBe(2)
    expect(ran.err).toContain('luo/sessions/vm-a (session) has no contents of its own')
    expect(ran.err).toContain('luo/sessions/vm-a/files/1, luo/sessions/vm-a/files/2')
    expect(existsSync(at('session'))).toBe(false)
  })
})
