import { spawnSync } from 'node:child_process'
import { KHO } from './built.js'

/** What a command line cost, in a process of its own. */
export interface Cost {
  status: number | null
  stderr: string
  /** Milliseconds of processor time, start-up included. */
  cpu: number
  /** Most MiB of memory. */
  rss: number
}

/** Writes what it used to descriptor 3 when it ends. */
const METER =
  'import fs from "node:fs";process.on("exit",()=>fs.writeSync(3,JSON.stringify(process.resourceUsage())))'

/** Runs `kho` and measures it. Standard output goes nowhere. */
export function measure(args: readonly string[], env: Record<string, string> = {}): Cost {
  const meter = `data:text/javascript,${encodeURIComponent(METER)}`
  const { status, stderr, output } = spawnSync(process.execPath, ['--import', meter, KHO, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
  })
  const used = JSON.parse(output[3] ?? '') as NodeJS.ResourceUsage
  return {
    status,
    stderr,
    cpu: (used.userCPUTime + used.systemCPUTime) / 1000,
    rss: used.maxRSS / 1024,
  }
}
