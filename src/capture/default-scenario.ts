import { readFileSync } from 'node:fs'
import { guestAsset } from '../guest/assets.js'
import { parseScenario } from '../scenario/scenario-file.js'
import type { Scenario } from '../scenario/schema.js'

/** What is preserved where nobody says what. */
export function defaultScenario(): Scenario {
  return parseScenario(readFileSync(guestAsset('capture.yaml'), 'utf8'), 'capture.yaml')
}
