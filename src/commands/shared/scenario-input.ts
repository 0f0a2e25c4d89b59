import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { KhoError } from '../../../formats/error.js'
import { openFileSource } from '../../node/file-source.js'
import { errorCode } from '../../node/system-error.js'
import type { OpenContents } from '../../scenario/contents.js'
import { parseScenario } from '../../scenario/scenario-file.js'
import type { Scenario } from '../../scenario/schema.js'
import { addInput, type Terminal } from './terminal.js'

/** True for a file that is a scenario by its name; any other is an image. */
export function isScenarioPath(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path)
}

/** Reads a scenario file. Throws `unreadable`, or `usage` for what is wrong in it. */
export function readScenario(path: string): Scenario {
  try {
    return parseScenario(readFileSync(path, 'utf8'), path)
  } catch (error) {
    const code = error instanceof KhoError ? null : errorCode(error)
    if (code === null) throw error
    throw new KhoError('unreadable', `cannot read ${path}: ${code}`, { path })
  }
}

/** Files that a scenario takes contents from lie beside it; they are closed when the command is through. */
export function contentsBeside(path: string, terminal: Terminal): OpenContents {
  return name => {
    const beside = resolve(dirname(path), name)
    const file = openFileSource(beside)
    addInput(terminal, beside)
    terminal.cleanups ??= []
    terminal.cleanups.push(() => file.close())
    return file
  }
}
