import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Problem } from './case.js'
import type { Message } from './worker.js'

/*
 * npm run fuzz -- [--runs N | --seconds N] [--seed FIRST] [--jobs N]
 *
 * Breaks images and scenarios in every format and runs every command on them, in processes of its own. Each case is decided by its
 * seed: `--seed S --runs 1` runs that case again. The exit code is 1 where anything was wrong.
 */
const WORKER = fileURLToPath(new URL('worker.js', import.meta.url))

/** Without a word for so much processor time, a worker hangs: no case takes a second. */
const PATIENCE_MS = 60_000

/** Without a word for so long it waits for something, however little of a busy machine it is given. */
const LONG_PATIENCE_MS = 10 * PATIENCE_MS

/** Milliseconds of processor time of a process: Linux counts hundredths of a second. All that has passed where nothing tells. */
function cpuOf({ pid }: ChildProcess, passed: number): number {
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ').slice(11)
    return (Number(user) + Number(system)) * 10
  } catch {
    return passed
  }
}

/** Most kinds of problems that are told of. */
const MOST_KINDS = 60

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
  },
})
const first = Number(values.seed)
const jobs = Number(values.jobs)
const mostRuns = values.runs === undefined ? Number.POSITIVE_INFINITY : Number(values.runs)
const seconds = values.seconds ?? (values.runs === undefined ? '600' : undefined)
const end = seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(seconds) * 1000

const problems: Problem[] = []
const kinds = new Set<string>()
const suspects = new Set<number>()
const codes: Record<string, number> = {}
let executions = 0
let cases = 0
let mostRss = 0
let last = first - 1

/** One process that runs cases until it ends, is ended, or dies. Gives the next seed. */
function runWorker(seed: number, step: number, most: number, alone: boolean): Promise<number> {
  const options = {
    execArgv: ['--max-old-space-size=1024'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'] as const,
  }
  const child: ChildProcess = fork(WORKER, [seed, step, most].map(String), {
    ...options,
    stdio: [...options.stdio],
  })
  let current = seed
  let heard = Date.now()
  let used = 0
  let ended = false
  const watch = setInterval(() => {
    const silent = Date.now() - heard
    if (silent > LONG_PATIENCE_MS || cpuOf(child, silent) - used > PATIENCE_MS) child.kill('SIGKILL')
  }, 1000)
  child.on('message', (message: Message) => {
    heard = Date.now()
    used = cpuOf(child, 0)
    if ('begun' in message) {
      current = message.begun
      return
    }
    current = message.done + step
    if (!alone) count(message)
    for (const problem of message.problems) note(problem, alone)
    if (!alone && Date.now() > end) {
      ended = true
      child.kill('SIGKILL')
    }
  })
  return new Promise(resolve =>
    child.once('close', (code, signal) => {
      clearInterval(watch)
      if (code !== 0 && !ended) {
        const what = signal === 'SIGKILL' ? 'it did not end' : `its process died (${code ?? signal})`
        note({ seed: current, args: [], what, slow: true }, alone)
        current += step
        // It dies before it does anything: nothing will come of trying on.
        if (cases === 0 && !alone) throw new Error(`a worker died before its first case was through: ${what}`)
      }
      resolve(current)
    }),
  )
}

function count(message: Exclude<Message, { begun: number }>): void {
  cases++
  executions += message.executions
  last = Math.max(last, message.done)
  mostRss = Math.max(mostRss, message.rss)
  for (const [code, times] of Object.entries(message.codes)) codes[code] = (codes[code] ?? 0) + times
}

/** What could be the machine's fault is one only if it happens again, alone. */
function note(problem: Problem, alone: boolean): void {
  if (problem.slow && !alone) {
    suspects.add(problem.seed)
    return
  }
  problems.push(problem)
  // The first of a kind tells most of it.
  const kind = `${problem.args[0] ?? ''} ${problem.what.replace(/[0-9a-f]{2,}|\d|".*"/g, '').slice(0, 60)}`
  if (kinds.has(kind) || kinds.size >= MOST_KINDS) return
  kinds.add(kind)
  const line = problem.args.length === 0 ? '' : `: kho ${problem.args.join(' ')}`
  console.log(`seed ${problem.seed}${line}\n  ${problem.what}`)
}

function report(): void {
  const rate = Math.round(executions / ((Date.now() - begun) / 1000))
  const rows = Object.entries(codes).map(([code, times]) => `${code}: ${times}`)
  console.log(
    `${executions} executions of ${cases} cases, seeds ${first} to ${last}, ${rate} a second; exit codes ${rows.join(', ')}; ` +
      `${Math.round(mostRss / 2 ** 20)} MiB at most; ${problems.length} problems of ${kinds.size} kinds, ${suspects.size} suspects`,
  )
}

const begun = Date.now()
const ticker = setInterval(report, 60_000)
await Promise.all(
  Array.from({ length: jobs }, async (_, job) => {
    for (let seed = first + job; Date.now() < end && seed - first < mostRuns; ) {
      const left = Math.min(Math.ceil((mostRuns - (seed - first)) / jobs), 2 ** 31)
      seed = await runWorker(seed, jobs, left, false)
    }
  }),
)
clearInterval(ticker)
for (const seed of suspects) await runWorker(seed, 1, 1, true)
report()
process.exitCode = problems.length === 0 ? 0 : 1
