import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeBases } from './bases.js'
import { type CaseResult, runCase } from './case.js'

/*
 * Runs cases in a process of its own: node worker.js FIRST STEP COUNT. Tells its parent which case it begins, so that the parent
 * knows what it died of, and what each came to.
 */

/** What a worker tells its parent. */
export type Message = { begun: number } | ({ done: number; rss: number } & CaseResult)

/** The promise for inputs below 10 MB; a case that leaves more behind is tried again by itself. */
const MOST_RSS = 500 * 2 ** 20

const [first, step, count] = process.argv.slice(2).map(Number) as [number, number, number]
const folder = mkdtempSync(join(tmpdir(), 'kho-fuzz-'))
const tell = (message: Message) =>
  new Promise<void>(resolve => {
    if (process.send === undefined) resolve()
    else process.send(message, () => resolve())
  })

try {
  const bases = await makeBases()
  for (let n = 0; n < count; n++) {
    const seed = first + n * step
    await tell({ begun: seed })
    const result = await runCase(seed, bases, folder)
    const rss = process.memoryUsage.rss()
    if (rss > MOST_RSS) {
      result.problems.push({ seed, args: [], what: `${Math.round(rss / 2 ** 20)} MiB of memory`, slow: true })
    }
    await tell({ done: seed, rss, ...result })
    // What it holds is perhaps of many cases: the next ones have a process of their own.
    if (rss > MOST_RSS) break
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.disconnect?.()
