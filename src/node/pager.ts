import type { ChildProcess, SpawnSyncReturns } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A program that shows text page by page. */
export interface Pager {
  /** What is written here is shown; EPIPE once its user has seen enough. */
  fd: number
  /** Says that there is no more, and waits until its user has seen enough. */
  finish(): Promise<void>
}

type Env = Readonly<Record<string, string | undefined>>

/** What less and lv are told unless the user tells them something else: quit if it fits on the screen, colours, no clearing. */
const DEFAULTS: Env = { LESS: 'FRX', LV: '-c' }

/**
 * Starts the pager that the environment names, else less, on standard output. Null where there is none, or none is wanted.
 *
 * Output is written synchronously, so that it needs a real pipe: Node gives none away, a FIFO without a name is one.
 */
export function startPager(env: Env): Pager | null {
  const command = (env.KHO_PAGER ?? env.PAGER ?? 'less').trim()
  if (command === '' || command === 'cat') return null
  const { spawn, spawnSync } = process.getBuiltinModule('node:child_process')
  let folder: string
  try {
    folder = mkdtempSync(join(tmpdir(), 'kho-pager-'))
  } catch {
    return null
  }
  const fifo = join(folder, 'pipe')
  const ends: number[] = []
  try {
    if (!succeeded(spawnSync('sh', ['-c', 'mkfifo "$0" && command -v -- "$1"', fifo, programOf(command)]))) {
      return null
    }
    // With both directions open, neither of the other two waits for somebody.
    ends.push(openSync(fifo, 'r+'), openSync(fifo, 'r'))
    const fd = openSync(fifo, 'w')
    const child = spawn('sh', ['-c', command], {
      stdio: [ends[1], 'inherit', 'inherit'],
      env: { ...DEFAULTS, ...env },
    })
    return pagerOf(child, fd)
  } catch {
    return null
  } finally {
    for (const end of ends) closeSync(end)
    rmSync(folder, { recursive: true, force: true })
  }
}

function pagerOf(child: ChildProcess, fd: number): Pager {
  const ended = new Promise<void>(resolve => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  // ^C is for the pager, which stays; ended by it, this program would leave a terminal that two read from.
  const stay = () => {}
  process.on('SIGINT', stay)
  return {
    fd,
    async finish() {
      closeSync(fd)
      await ended
      process.off('SIGINT', stay)
    },
  }
}

/** The program's name, or one that is always there where a shell must find that out. */
function programOf(command: string): string {
  const word = /^\S+/.exec(command)![0]
  return /^[\w./+-]+$/.test(word) ? word : 'sh'
}

function succeeded({ status }: SpawnSyncReturns<Buffer>): boolean {
  return status === 0
}
