import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KHO, requireBuild } from '../../built.js'
import { generator } from '../../fuzz/mutate.js'
import { fixture } from '../cli/kho.js'

let folder = ''
beforeAll(() => {
  requireBuild()
  folder = mkdtempSync(join(tmpdir(), 'kho-writes-'))
  const contents = 'contents: { seed: 1 }'
  writeFileSync(
    join(folder, 'large.yaml'),
    `machine: { ram: [0-1G], scratch: [{ address: 0x30000000, size: 32M }] }
calls:
  - luo_session: { name: a, memfds: [{ token: 1, size: 40M, ${contents} }] }
  - finalize
  - kexec
`,
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder with an older output in it. */
function place(name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'out'), 'old')
  return path
}

/** The command lines that write, to `$OUT`: small outputs and large ones. */
const COMMANDS: readonly (readonly [name: string, args: string])[] = [
  ['simulate', `simulate ${'$0'}/large.yaml -q`],
  ['slim', `slim ${fixture('basic-1g.s1-kexec')} -q`],
  ['convert', `convert ${fixture('basic-1g.s1-kexec')} --to kho-v3 -q`],
  ['extract', `extract ${fixture('basic-1g.s1-kexec')} memblock -q`],
  ['dump', `dump ${fixture('basic-1g.s1-kexec')} --all --json`],
]

/** tmpfs of its own, for those who may: else only the limit below is a wall to run into. */
const MOUNTS = spawnSync('unshare', ['-rm', 'true']).status === 0

function shell(script: string, wrapper: readonly string[] = []) {
  const [program, ...args] = [...wrapper, 'bash', '-c', script, folder]
  return spawnSync(program!, args, {
    encoding: 'utf8',
    env: { ...process.env, KHO: `${process.execPath} ${KHO}` },
  })
}

describe('a write that fails', () => {
  it.each(COMMANDS)('because of a limit leaves the old file: kho %s', (name, args) => {
    const path = place(`limit-${name}`)
    // In blocks of 1 KiB; no output of ours is smaller.
    const ran = shell(`ulimit -f ${name === 'simulate' ? 20000 : 0}; $KHO ${args} -o ${path}/out`)
    expect(ran).toMatchObject({ status: 6, stderr: expect.stringContaining('EFBIG') })
    expect(readdirSync(path)).toEqual(['out'])
    expect(readFileSync(join(path, 'out'), 'utf8')).toBe('old')
  })

  it('because the disk is full leaves the old file', () => {
    const path = place('full')
    const disk = MOUNTS ? `mount -t tmpfs -o size=5m tmpfs ${path}` : 'ulimit -f 5000'
    const ran = shell(
      `${disk}; printf old > ${path}/out; $KHO simulate ${folder}/large.yaml -q -o ${path}/out; echo $?; ls -A ${path}; cat ${path}/out`,
      MOUNTS ? ['unshare', '-rm'] : [],
    )
    expect(ran.stdout).toBe('6\nout\nold')
    expect(ran.stderr).toContain(MOUNTS ? 'ENOSPC' : 'EFBIG')
  })

  it('because nobody reads ends quietly, and what was cut says so', () => {
    const path = join(folder, 'cut.elf')
    const ran = shell(
      `$KHO simulate ${folder}/large.yaml -o - | head -c 41000000 > ${path}; echo $PIPESTATUS`,
    )
    expect(ran).toMatchObject({ stdout: '0\n', stderr: '' })
    expect(shell(`$KHO validate ${path}`)).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('the dump is cut short'),
    })
  })
})

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    '%s at any moment leaves the old file or the whole new one, and nothing beside it',
    { timeout: 120_000 },
    async signal => {
      const path = place(signal)
      const out = join(path, 'out')
      const whole = join(folder, `whole-${signal}`)
      expect(shell(`$KHO simulate ${folder}/large.yaml -q -o ${whole}`).status).toBe(0)
      const size = readFileSync(whole).length
      const random = generator(15)
      for (let n = 0; n < 6; n++) {
        writeFileSync(out, 'old')
        const delay = 100 + random() * 900
        await killed(['simulate', join(folder, 'large.yaml'), '-q', '-o', out], signal, delay)
        await until(() => readdirSync(path).length === 1)
        expect(readdirSync(path), `${signal} after ${delay} ms`).toEqual(['out'])
        expect(['old'.length, size]).toContain(readFileSync(out).length)
      }
    },
  )
})

function killed(args: readonly string[], signal: NodeJS.Signals, delay: number): Promise<void> {
  const child = spawn(process.execPath, [KHO, ...args], { stdio: 'ignore' })
  const timer = setTimeout(() => child.kill(signal), delay)
  return new Promise(resolve =>
    child.once('close', () => {
      clearTimeout(timer)
      resolve()
    }),
  )
}

/** The process that cleans up does so after the one that was killed. */
async function until(done: () => boolean): Promise<void> {
  const end = Date.now() + 5000
  while (!done() && Date.now() < end) await new Promise(resolve => setTimeout(resolve, 20))
}

describe('standard error', () => {
  it.each([
    ['findings', `validate ${fixture('basic-1g.s2-early')}`],
    ['nothing there', 'pages /nowhere'],
    ['wrong usage', 'frobnicate'],
    ['an answer', `pages ${fixture('basic-1g.s1-kexec')}`],
  ])('full or closed changes no exit code: %s', (_what, args) => {
    const codes = ['2>/dev/null', '2>/dev/full', '2>&-'].map(
      to => shell(`$KHO ${args} >/dev/null ${to}`).status,
    )
    expect(codes).toEqual([codes[0], codes[0], codes[0]])
  })
})
