import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chooseAccelerator } from '../../../src/guest/accel.js'
import { findProgram } from '../../../src/guest/programs.js'
import { createQmp, type Qmp } from '../../../src/guest/qmp.js'
import { KHO, requireBuild } from '../../built.js'
import { describeWithKernel } from '../../material.js'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'
import { listen } from './sockets.js'

const GREETING = '{"QMP":{"version":{},"capabilities":[]}}\r\n'
const IMAGE = fixture('basic-1g.s2-early')

interface Command {
  execute: string
  id: number
  arguments: { protocol?: string }
}

/** In place of an answer. */
const SILENCE = ''

let heard: string[] = []
let close = () => {}

/** A QEMU that answers each command by what `answer` makes of it; null ends the connection. */
async function fakeQemu(greeting: string, answer: (command: Command) => string | null): Promise<string> {
  const { path, accepted, close: stop } = await listen()
  let theirs: Socket | undefined
  close = () => {
    theirs?.destroy()
    stop()
  }
  void accepted.then(socket => {
    theirs = socket
    socket.on('error', () => socket.destroy())
    socket.write(greeting)
    socket.on('data', bytes => {
      for (const line of bytes.toString('utf8').trim().split('\n')) {
        const command = JSON.parse(line) as Command
        heard.push(command.execute)
        const reply = answer(command)
        if (reply === null) socket.destroy()
        else if (reply !== SILENCE) socket.write(`{"id":${command.id},${reply}}\r\n`)
      }
    })
  })
  return path
}

/** Temporary folders of ours that are there. */
function leftovers(): string[] {
  return readdirSync(tmpdir()).filter(name => name.startsWith('kho-guest-'))
}

beforeAll(requireBuild)

const { TMPDIR } = process.env
let folder = ''
beforeEach(() => {
  heard = []
  close = () => {}
  folder = mkdtempSync(join(tmpdir(), 'kho-live-'))
  process.env.TMPDIR = folder
})
afterEach(() => {
  close()
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  rmSync(folder, { recursive: true })
})

describe('an image that is a running guest', () => {
  it('is read from the file that QEMU writes, which is gone after', async () => {
    let written = ''
    const path = await fakeQemu(GREETING, ({ execute, arguments: { protocol } }) => {
      if (execute === 'query-memory-size-summary') return '"return":{"base-memory":1048576}'
      if (execute === 'dump-guest-memory') {
        written = protocol!.replace(/^file:/, '')
        copyFileSync(IMAGE, written)
      }
      return '"return":{}'
    })
    const ran = await kho(['stat', `qmp:${path}`, '--json'])
    const file = await kho(['stat', IMAGE, '--json'])
    expectValid('stat', JSON.parse(ran.out))
    expect(JSON.parse(ran.out)).toEqual({
      ...JSON.parse(file.out),
      image: { ...JSON.parse(file.out).image, path: `qmp:${path}` },
    })
    expect(ran.code).toBe(0)
    expect(ran.err).toContain('the guest is stopped while its memory (1 MiB) goes to a temporary file')
    expect(heard).toEqual(['qmp_capabilities', 'query-memory-size-summary', 'dump-guest-memory'])
    expect(existsSync(written)).toBe(false)
    expect(leftovers()).toEqual([])
  })

  it('is no guest where there is no socket', async () => {
    const ran = await kho(['stat', 'qmp:/nowhere/qmp.sock'])
    expect(ran).toMatchObject({ code: 3, out: '' })
    expect(ran.err).toContain('no QEMU at /nowhere/qmp.sock')
    expect(ran.err).toContain('-qmp unix:')
  })

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', 'does not speak QMP'],
    ['[1, 2]\r\nnull\r\n', 'does not speak QMP'],
    ['', 'nobody answers'],
  ])('is no guest where %j is said', async (greeting, message) => {
    const path = await fakeQemu(greeting, () => (greeting === '' ? SILENCE : '"return":{}'))
    const ran = await kho(['pages', `qmp:${path}`])
    expect(ran).toMatchObject({ code: 3, out: '', err: expect.stringContaining(message) })
    expect(heard).not.toContain('dump-guest-memory')
    expect(leftovers()).toEqual([])
  })

  it.each([
    ['ends while it dumps', null, 'the connection to QEMU has ended'],
    ['refuses', '"error":{"class":"GenericError","desc":"Permission denied"}', 'Permission denied'],
  ])('is not read where QEMU %s', async (_what, reply, message) => {
    const path = await fakeQemu(GREETING, ({ execute }) =>
      execute === 'dump-guest-memory' ? reply : '"return":{}',
    )
    const ran = await kho(['dump', `qmp:${path}`])
    expect(ran).toMatchObject({ code: 3, out: '', err: expect.stringContaining(message) })
    expect(leftovers()).toEqual([])
  })

  it('leaves nothing behind when kho is ended while it waits', async () => {
    const path = await fakeQemu(GREETING, ({ execute }) =>
      execute === 'dump-guest-memory' ? SILENCE : '"return":{}',
    )
    const child = spawn(process.execPath, [KHO, 'dump', `qmp:${path}`], { stdio: 'ignore' })
    const ended = new Promise(resolve => child.once('exit', (_code, signal) => resolve(signal)))
    await waitFor(() => heard.includes('dump-guest-memory'))
    expect(leftovers()).toHaveLength(1)
    child.kill('SIGTERM')
    expect(await ended).toBe('SIGTERM')
    expect(leftovers()).toEqual([])
  })

  it('is not stopped where its memory has no place', async () => {
    const path = await fakeQemu(GREETING, ({ execute }) =>
      execute === 'query-memory-size-summary' ? `"return":{"base-memory":${2 ** 52}}` : '"return":{}',
    )
    const ran = await kho(['dump', `qmp:${path}`])
    expect(ran).toMatchObject({ code: 6, out: '', err: expect.stringContaining('set TMPDIR') })
    expect(heard).not.toContain('dump-guest-memory')
  })
})

describeWithKernel('7.2.13', 'a guest of QEMU', kernel => {
  it('is read while it runs, and while it is stopped, and goes on as it was', async () => {
    const socket = join(folder, 'qmp.sock')
    const log = join(folder, 'log')
    const program = findProgram('qemu')
    const qemu = spawn(
      program,
      [
        ...['-nodefaults', '-display', 'none', '-M', 'q35', '-cpu', 'max', '-m', '512M', '-no-reboot'],
        ...['-accel', chooseAccelerator(program), '-kernel', kernel, '-serial', `file:${log}`],
        ...['-append', 'console=ttyS0 kho=on reserve_mem=1M:4096:live'],
        ...['-qmp', `unix:${socket},server=on,wait=off`],
      ],
      { stdio: 'ignore' },
    )
    const ended = new Promise(resolve => qemu.once('exit', resolve))
    try {
      await waitFor(() => existsSync(log) && readFileSync(log, 'utf8').includes('Kernel panic'))
      for (const [command, status] of [
        ['cont', 'running'],
        ['stop', 'paused'],
      ] as const) {
        await withQmp(socket, async qmp => qmp.execute(command))
        const ran = await kho(['stat', `qmp:${socket}`, '--json', '--quiet'])
        expect(ran).toMatchObject({ code: 0, err: '' })
        expect(JSON.parse(ran.out)).toMatchObject({
          root: { state: 'live' },
          regions: [{ name: 'live', size: 2 ** 20 }],
        })
        const reply = await withQmp(socket, async qmp => qmp.execute('query-status'))
        expect(reply).toMatchObject({ ok: true, value: { status } })
      }
    } finally {
      qemu.kill('SIGKILL')
      await ended
    }
  }, 240_000)
})

async function withQmp<T>(path: string, work: (qmp: Qmp) => Promise<T>): Promise<T> {
  const socket = connect(path)
  try {
    const qmp = createQmp(socket)
    expect(await qmp.greeted).toBe(true)
    return await work(qmp)
  } finally {
    socket.destroy()
  }
}

async function waitFor(done: () => boolean): Promise<void> {
  const end = Date.now() + 200_000
  while (!done()) {
    if (Date.now() > end) throw new Error('the guest did not get there')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
