// A state that is broken on purpose, and what finds it. node damage.js SCENARIO RULE
import { readFileSync } from 'node:fs'
import {
  applyDamage,
  loadState,
  openBytes,
  parseScenario,
  simulate,
  simulationBytes,
  validate,
} from 'kho-tools'

const [path, rule] = process.argv.slice(2)
const simulation = simulate(parseScenario(readFileSync(path, 'utf8')))
console.log(applyDamage(simulation, rule))
const state = loadState(await openBytes(simulationBytes(simulation).bytes))
console.log(validate(state).findings.some(finding => finding.rule === rule))
