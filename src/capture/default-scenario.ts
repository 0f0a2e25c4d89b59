import { readFileSync } from 'node:fs'
import { packageFile } from '../node/package-file.js'
import { parseScenario } from '../scenario/scenario-file.js'
import type { Scenario } from '../scenario/schema.js'

/** What is preserved where nobody says what. */
export function defaultScenario(): Scenario {
  return parseScenario(readFileSync(packageFile('guest/capture.yaml'), 'utf8'), 'capture.yaml')
}
