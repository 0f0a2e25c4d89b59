import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeWithKernel } from '../../material.js'
import { kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'
import { makeBzImage } from '../guest/bz-image.js'
import { TALKATIVE } from '../guest/talkative.js'

let home = ''
let temp = ''
let output = ''

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kho-t-'))
  temp = join(home, 'tmp')
  output = join(home, 'captured')
  mkdirSync(temp)
  vi.stubEnv('TMPDIR', temp)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

describe('kho capture refuses', () => {
  it.each([
    [['-o', 'x'], 2, 'no kernel to boot: give --kernel BZIMAGE'],
    [['--kernel', 'x'], 2, 'no folder for the dumps'],
    [['--kernel', 'nowhere', '-o', 'x'], 3, 'cannot read the kernel'],
    [['nowhere.yaml', '--kernel', 'x', '-o', 'x'], 3, 'nowhere.yaml: no such file'],
    [['--kernel', 'x', '-o', 'x', '--moment', 'noon'], 2, "'noon' is none of ready, jump"],
  ])('%j with %i', async (args, code, message) => {
    const ran = await kho(['capture', ...args])
    expect(ran).toMatchObject({ code, out: '' })
    expect(ran.err).toContain(message)
    expect(readdirSync(temp)).toEqual([])
  })

  it('a system without QEMU, in one line that names the package', async () => {
    vi.stubEnv('PATH', temp)
    const kernel = join(home, 'bzImage')
    writeFileSync(kernel, makeBzImage(4096))
    expect(await kho(['capture', '--kernel', kernel, '-o', output, '--quiet'])).toEqual({
      code: 6,
      out: '',
      err: 'kho: there is no qemu-system-x86_64 in PATH; Debian has it in the package qemu-system-x86\n',
    })
  })
})

describeWithKernel('7.2.13', 'kho capture', kernel => {
  it('dumps and checks what a scenario says', async () => {
    const scenario = join(home, 'one.yaml')
    writeFileSync(
      scenario,
      `machine: { ram: [1M-512M], scratch: [{ address: 256M, size: 48M }] }
calls: [{ luo_session: { name: vm, memfds: [{ token: 7, size: 10000, contents: { seed: 3 }, pos: 5 }] } }]`,
    )
    const args = ['capture', scenario, '--kernel', kernel, '-o', output, '--moment', 'jump', '--json', '-q']
    const ran = await kho(args)
    expect(ran).toMatchObject({ code: 0, err: '' })
    const document: unknown = JSON.parse(ran.out)
    expectValid('capture', document)
    const dump = join(output, 'jump.elf')
    expect(document).toMatchObject({
      ok: true,
      failed: null,
      exact: true,
      dumps: [{ moment: 'jump', file: dump }],
      files: [{ session: 'vm', token: '7', size: 10000, position: 5, seals: 0 }],
    })
    expect(statSync(dump).size).toBeGreaterThan(2 ** 29)
    expect(readdirSync(output)).toContain('next.reservations.txt')
    expect(readdirSync(temp)).toEqual([])
  })

  it('is not as expected where the kernel does not hand over', async () => {
    const ran = await kho(['capture', '--kernel', kernel, '-o', output, '--append', 'kho=off', '--json'])
    expect(ran.code).toBe(1)
    expectValid('capture', JSON.parse(ran.out))
    expect(JSON.parse(ran.out)).toMatchObject({ ok: false, failed: null })
    expect(ran.err).toContain('kho: preserving\n')
    expect(readdirSync(temp)).toEqual([])
  })

  it('cannot judge a kernel that does not come up in time', async () => {
    const ran = await kho([
      'capture',
      '--kernel',
      kernel,
      '-o',
      output,
      '--limit',
      '0.2',
      '--quiet',
      ...TALKATIVE,
    ])
    expect(ran).toMatchObject({ code: 125, err: '' })
    expect(ran.out).toContain('failed: the first kernel did not come up: its time is up')
    expect(readdirSync(temp)).toEqual([])
  })
})
