import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { undoAtExit } from '../node/cleanup.js'
import { type Agent, createAgent } from './agent.js'
import { type Channel, openChannel } from './channel.js'
import { connectGdb, type GdbStub } from './gdb-stub.js'
import { createLineLog, type LineLog } from './line-log.js'
import { findProgram, QEMU, searchPath } from './programs.js'
import { GUEST_FILES, type GuestMachine, qemuArgs } from './qemu-args.js'
import { createQmp, type Qmp } from './qmp.js'

/** A guest that runs. */
export interface Guest {
  /** Lines of the kernel's console. */
  console: LineLog
  agent: Agent
  qmp: Qmp
  /** Connects to the gdb stub, which stops the guest. */
  gdb(): Promise<GdbStub>
  /** How it ended, once it has. */
  ended: Promise<GuestEnd>
  /** Ends it, and waits until it has. */
  stop(): Promise<GuestEnd>
}

/**
 * `stopped` by us; `exited` by itself, as a guest does that powers off, or panics; `limit`: ended by us after its time
 * was up.
 */
export interface GuestEnd {
  how: 'stopped' | 'exited' | 'limit'
  /** QEMU's exit code; null where a signal ended it. */
  code: number | null
  /** What QEMU said on standard error. */
  stderr: string
}

export interface GuestOptions {
  /** A folder for its sockets and its log, already there. */
  folder: string
  /**
   * It is ended after this many seconds of processor time, so that a busy machine does not look like a guest that hangs, and
   * after {@link PATIENCE} times as many of the clock.
   */
  limit: number
}

/** How long QEMU has to end after it was asked to. */
const QUIT_MS = 2000
const MOST_STDERR = 64 * 1024
/** How much longer than its processor time a guest may take on a machine that has other things to do. */
const PATIENCE = 6
const POLL_MS = 500
/** Ticks of a second in /proc: USER_HZ. */
const TICKS = 100

/**
 * Starts QEMU. It is ended by its own process id when `stop` is called, its time is up, or this process ends.
 *
 * @throws KhoError `missing` where QEMU is not there or refuses to start.
 */
export async function startGuest(machine: GuestMachine, options: GuestOptions): Promise<Guest> {
  const qemu = findProgram(QEMU[machine.arch ?? 'x86_64'])
  const channels = await Promise.all(
    [GUEST_FILES.console, GUEST_FILES.agent, GUEST_FILES.qmp].map(name =>
      openChannel(join(options.folder, name)),
    ),
  )
  const [program, ...args] = bound([qemu, ...qemuArgs(machine)])
  const child = spawn(program, args, { cwd: options.folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const running = watch(child, channels, options.limit)
  const sockets = await Promise.all(channels.map(channel => channel.connected))
  const [consoleSocket, agentSocket, qmpSocket] = sockets
  if (!consoleSocket || !agentSocket || !qmpSocket) {
    const { stderr } = await running.ended
    const why = stderr.trim().split('\n').at(-1) || 'it gave no reason'
    throw new KhoError('missing', `QEMU did not start: ${why}`)
  }
  const log = createLineLog()
  consoleSocket.on('data', (bytes: Uint8Array) => log.push(bytes))
  consoleSocket.on('close', () => log.end())
  const qmp = createQmp(qmpSocket)
  return {
    console: log,
    agent: createAgent(agentSocket),
    qmp,
    gdb: async () => {
      // QEMU makes the stub's socket last; once it answers, that is there.
      await qmp.execute('query-status')
      return connectGdb(join(options.folder, GUEST_FILES.gdb))
    },
    ended: running.ended,
    stop: running.stop,
  }
}

/**
 * A command that the kernel kills when this process dies in a way that it cannot answer to. setpriv(1) of util-linux,
 * which does not fork, does that; without it nothing is lost but that.
 */
function bound(command: readonly [string, ...string[]]): [string, ...string[]] {
  const setpriv = searchPath('setpriv')
  return setpriv === null ? [...command] : [setpriv, '--pdeathsig', 'KILL', '--', ...command]
}

interface Running {
  ended: Promise<GuestEnd>
  stop(): Promise<GuestEnd>
}

/** Keeps a process to its time, and cleans up after it. */
function watch(child: ChildProcess, channels: readonly Channel[], limit: number): Running {
  let how: GuestEnd['how'] = 'exited'
  let stderr = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    if (stderr.length < MOST_STDERR) stderr += bytes.toString('utf8')
  })
  const killNow = undoAtExit(() => child.kill('SIGKILL'))
  const begun = Date.now()
  const timer = setInterval(() => {
    const used = child.pid === undefined ? null : processorSeconds(child.pid)
    if ((used ?? 0) < limit && Date.now() - begun < (used === null ? 1 : PATIENCE) * limit * 1000) return
    how = 'limit'
    killNow()
  }, POLL_MS)
  const ended = new Promise<GuestEnd>(resolve => {
    const end = (code: number | null, message = '') => {
      clearInterval(timer)
      killNow()
      for (const channel of channels) channel.close()
      resolve({ how, code, stderr: stderr + message })
    }
    child.once('error', error => end(null, error.message))
    child.once('close', code => end(code))
  })
  return {
    ended,
    async stop() {
      if (how === 'exited' && child.exitCode === null && child.signalCode === null) {
        how = 'stopped'
        child.kill('SIGTERM')
        const fallback = setTimeout(killNow, QUIT_MS)
        await ended
        clearTimeout(fallback)
      }
      return ended
    },
  }
}

/** Processor time of a process in seconds, user's and kernel's; null where /proc does not tell. */
function processorSeconds(pid: number): number | null {
  try {
    // Behind the name, which is in brackets: state is field 3, utime 14, stime 15. proc_pid_stat(5)
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  } catch {
    return null
  }
}
