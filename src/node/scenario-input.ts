import { realpathSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { MOST_CHARACTERS } from '../scenario/scenario-file.js'
import { type FileSource, openFileSource } from './file-source.js'

/** UTF-8 has at most so many bytes for a character of UTF-16. */
const MOST_BYTES = MOST_CHARACTERS * 3

/** Reads a scenario's text. Throws `unreadable` for what is no file, `usage` for what is none of a scenario's size. */
export function readScenarioText(path: string): string {
  const file = openFileSource(path)
  try {
    const head = file.read(0, 16)
    // An image, given by mistake, may have any size: its first bytes say enough.
    const length = file.size > MOST_BYTES ? head.length : file.size
    if (length < file.size && !head.includes(0) && head[0] !== 0x7f) {
      throw new KhoError('usage', `${path} has ${file.size} bytes, too many for a scenario`, { path })
    }
    return new TextDecoder().decode(file.read(0, length))
  } finally {
    file.close()
  }
}

/**
 * Opens a file that a scenario takes contents from. A scenario of somebody else's must not be a way to read what lies elsewhere
 * into an image that is passed on.
 *
 * @param outside true where the user allows that
 * @throws KhoError `usage` for a file that is not in the scenario's folder, `unreadable`
 */
export function openBeside(
  scenario: string,
  name: string,
  outside: boolean,
): { path: string; file: FileSource } {
  const path = resolve(dirname(scenario), name)
  const file = openFileSource(path)
  if (outside || isInside(dirname(resolve(scenario)), path)) return { path, file }
  file.close()
  throw new KhoError(
    'usage',
    `${scenario} takes contents from ${path}, which is not in its folder (--allow-outside)`,
    {
      path: scenario,
    },
  )
}

function isInside(folder: string, path: string): boolean {
  const way = relative(realpathSync(folder), realpathSync(path))
  return !(way === '..' || way.startsWith('../'))
}
