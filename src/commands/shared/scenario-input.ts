import { openBeside, readScenarioText } from '../../node/scenario-input.js'
import type { OpenContents } from '../../scenario/contents.js'
import { parseScenario } from '../../scenario/scenario-file.js'
import type { Scenario } from '../../scenario/schema.js'
import type { OptionSpec } from './option-specs.js'
import { addInput, type Terminal } from './terminal.js'

/** What commands that carry scenarios out have in common. */
export interface ScenarioOptions {
  allowOutside?: boolean
}

/** For commands that carry scenarios out. */
export const ALLOW_OUTSIDE: OptionSpec = {
  name: 'allow-outside',
  about: 'let a scenario take contents from files outside its folder',
}

/** Reads a scenario file. Throws `unreadable`, or `usage` for what is wrong in it. */
export function readScenario(path: string): Scenario {
  return parseScenario(readScenarioText(path), path)
}

/** Files that a scenario takes contents from lie beside it; they are closed when the command is through. */
export function contentsBeside(path: string, options: ScenarioOptions, terminal: Terminal): OpenContents {
  addInput(terminal, path)
  return name => {
    const { path: beside, file } = openBeside(path, name, options.allowOutside === true)
    addInput(terminal, beside)
    terminal.cleanups ??= []
    terminal.cleanups.push(() => file.close())
    return file
  }
}
