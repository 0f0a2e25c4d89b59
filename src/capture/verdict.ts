import { isKhoError } from '../../formats/error.js'
import { loadState } from '../image/load-state.js'
import { openImage } from '../node/open.js'
import type { Capture } from './capture.js'
import { type Check, checkLog, checkRetrieved, checkState } from './check.js'
import type { Moment } from './moments.js'

/** A check, and the dump that it read; null for what needs none. */
export interface JudgedCheck extends Check {
  moment: Moment | null
}

/** Whether a kernel hands over what it should, and our reading of it is what the guest says. */
export interface Verdict {
  ok: boolean
  checks: JudgedCheck[]
}

/** Opens every dump of a capture, and holds all that can be compared against what the guest said. */
export async function judgeCapture(capture: Capture): Promise<Verdict> {
  const checks: JudgedCheck[] = []
  for (const [moment, path] of Object.entries(capture.dumps) as [Moment, string][]) {
    const made = await checkDump(path, moment, capture)
    checks.push(...made.map(check => ({ moment, ...check })))
  }
  if (capture.failed === null) {
    checks.push({ moment: null, ...checkRetrieved(capture) }, { moment: null, ...checkLog(capture) })
  }
  return { ok: capture.failed === null && checks.every(check => check.ok), checks }
}

async function checkDump(path: string, moment: Moment, capture: Capture): Promise<Check[]> {
  // The next kernel has not said anything where it never came up.
  if (moment === 'retrieved' || (capture.failed !== null && moment !== 'ready')) return []
  const image = await openImage(path)
  try {
    return checkState(loadState(image), moment, capture)
  } catch (error) {
    if (!isKhoError(error)) throw error
    return [{ what: 'a state in the dump', ok: false, compared: 1, differences: [error.message] }]
  } finally {
    image.close()
  }
}
