import { readFileSync } from 'node:fs'
import { packageFile } from '../node/package-file.js'
import { parseScenario } from '../scenario/scenario-file.js'
import type { Scenario } from '../scenario/schema.js'
import type { CaptureMachine } from './options.js'

/** What is preserved where nobody says what: on an x86-64 machine, where nobody says another one. */
export function defaultScenario(
  { arch, pageShift }: CaptureMachine = { arch: 'x86_64', pageShift: 12 },
): Scenario {
  const name = arch === 'arm64' ? 'capture-arm64.yaml' : 'capture.yaml'
  const scenario = parseScenario(readFileSync(packageFile(`guest/${name}`), 'utf8'), name)
  return { ...scenario, machine: { ...scenario.machine, page_size: pageShift } }
}
