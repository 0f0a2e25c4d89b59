import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { run } from '../../../src/cli/main.js'
import type { Terminal } from '../../../src/commands/shared/terminal.js'
import { connectGdb } from '../../../src/guest/gdb-stub.js'
import { describeWithKernel } from '../../material.js'
import { fixture, kho } from '../cli/kho.js'
import { makeBzImage } from '../guest/bz-image.js'
import { TALKATIVE } from '../guest/talkative.js'
import { SMALL_GUEST } from '../replay/small-guest.js'

const IMAGE = fixture('chain-512m.s2-kexec')
let home = ''
let temp = ''
let scenario = ''

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kho-t-'))
  temp = join(home, 'tmp')
  mkdirSync(temp)
  scenario = join(home, 'small.json')
  writeFileSync(scenario, JSON.stringify(SMALL_GUEST))
  vi.stubEnv('TMPDIR', temp)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

describe('kho replay refuses', () => {
  /** A file that looks like a kernel. */
  const kernel = () => {
    const path = join(home, 'bzImage')
    writeFileSync(path, makeBzImage(4096))
    return path
  }

  it.each([
    [[], 2, 'no kernel to boot: give --kernel BZIMAGE'],
    [['--kernel', IMAGE], 3, 'is no bzImage of an x86 kernel'],
    [['--kernel', 'nowhere'], 3, 'cannot read the kernel'],
    [['--kernel', IMAGE, '--limit', '0'], 2, "'0' is no number of seconds"],
    [['--kernel', IMAGE, '--expect', 'joy'], 2, "'joy' is none of ok, rejected"],
    [['--kernel', IMAGE, '--memory', '1000'], 2, 'has to be a multiple of 1 MiB'],
    [['--kernel', IMAGE, '--initrd', 'nowhere'], 3, 'cannot read nowhere: no such file or folder (ENOENT)'],
  ])('%j with %i', async (args, code, message) => {
    const ran = await kho(['replay', IMAGE, ...args])
    expect(ran).toMatchObject({ code, out: '' })
    expect(ran.err).toContain(message)
    expect(readdirSync(temp)).toEqual([])
  })

  it('a scenario for another machine than the kernel is', async () => {
    const machine = { ...SMALL_GUEST.machine, arch: 'arm64' }
    writeFileSync(scenario, JSON.stringify({ machine, calls: ['kexec'] }))
    expect(await kho(['replay', scenario, '--kernel', kernel(), '--quiet'])).toMatchObject({
      code: 2,
      err: 'kho: the state is of aarch64 with pages of 4K, the kernel of x86_64 with pages of 4K\n',
    })
  })

  it('a system without QEMU, in one line that names the package', async () => {
    vi.stubEnv('PATH', temp)
    const ran = await kho(['replay', scenario, '--kernel', kernel(), '--quiet'])
    expect(ran).toEqual({
      code: 6,
      out: '',
      err: 'kho: there is no qemu-system-x86_64 in PATH; Debian has it in the package qemu-system-x86\n',
    })
    expect(readdirSync(temp)).toEqual([])
  })
})

describeWithKernel('7.2.13', 'kho replay', kernel => {
  it('is not as expected where another outcome was asked for, keeps what it is told to, and shows the log', async () => {
    const args = ['replay', scenario, '--kernel', kernel, '--expect', 'oops', '--keep', '--append', 'quiet']
    const ran = await kho(args)
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('outcome: ok (7.2')
    expect(ran.out).toContain('not as expected: oops')
    expect(ran.out).toMatch(/retrieved vm-a\/2: 65536 bytes, position 0, seals 0x6, sha256 [0-9a-f]{64}\n/)
    const kept = /the guest's files are in (\S+)/.exec(ran.err)?.[1] ?? ''
    expect(readdirSync(kept)).toEqual(expect.arrayContaining(['bzImage', 'console.log', 'state.elf']))
    expect(readdirSync(temp)).toEqual([kept.slice(temp.length + 1)])
  })

  it('says with 125 that nothing can be said of a kernel that does not come up by itself', async () => {
    const cut = join(home, 'cut')
    writeFileSync(cut, readFileSync(kernel).subarray(0, 1_000_000))
    const ran = await kho(['replay', scenario, '--kernel', cut, '--limit', '5', '--quiet'])
    expect(ran.code).toBe(125)
    expect(ran.err).toBe('kho: this kernel does not come up without a state either\n')
    expect(readdirSync(temp)).toEqual([])
  }, 120_000)

  it('ends a guest whose time is up, and leaves nothing behind', async () => {
    const args = ['replay', scenario, '--kernel', kernel, '--limit', '0.2', '--expect', 'loop', '--quiet']
    const ran = await kho([...args, ...TALKATIVE])
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toContain('its time was up before user space was up')
    expect(readdirSync(temp)).toEqual([])
  })

  it('has the guest wait for a debugger where the kernel is told of the state', async () => {
    let answer = ''
    let attached: Promise<unknown> = Promise.resolve()
    const terminal: Terminal = {
      out: bytes => {
        answer += Buffer.from(bytes).toString()
      },
      err: text => {
        const socket = /kho_populate\(\); attach with: gdb .*'target remote (\S+)'/.exec(text)?.[1]
        if (socket !== undefined) attached = debug(socket)
      },
      outIsTerminal: false,
      errIsTerminal: false,
      env: {},
    }
    const code = await run(['replay', scenario, '--kernel', kernel, '--gdb', '--json'], terminal)
    const { argument } = (await attached) as { argument: bigint }
    expect(JSON.parse(answer)).toMatchObject({ outcome: { word: 'ok' }, asExpected: true })
    expect(code).toBe(0)
    // The first argument is the address of the root FDT: page-aligned, and in the guest.
    expect(argument % 4096n).toBe(0n)
    expect(argument > 0n && argument < 512n * 2n ** 20n).toBe(true)
    expect(readdirSync(temp)).toEqual([])
  })

  /** Reads %rdi, the sixth of the registers, of the stopped guest, and lets it go on. */
  async function debug(socket: string): Promise<{ argument: bigint }> {
    const registers = await new Promise<string>((resolve, reject) => {
      const raw = connect(socket)
      let text = ''
      raw.on('error', reject)
      raw.on('data', bytes => {
        text += bytes.toString('latin1')
        const packet = /\$([0-9a-f]{272,})#/.exec(text)?.[1]
        if (packet === undefined) return
        raw.destroy()
        resolve(packet)
      })
      raw.on('connect', () => raw.write('$g#67'))
    })
    const gdb = await connectGdb(socket)
    await gdb.detach()
    // rax, rbx, rcx, rdx, rsi, rdi: 8 bytes each, little-endian.
    const rdi = Buffer.from(registers.slice(5 * 16, 6 * 16), 'hex')
    return { argument: rdi.readBigUInt64LE() }
  }
})
