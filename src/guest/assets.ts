import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KhoError } from '../../formats/error.js'

/**
 * Path of a file of this package's `guest` folder: below the package's root, which is two folders up from the sources
 * and three from what is built of them.
 */
export function guestAsset(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (let up = 0; up < 4; up++) {
    folder = dirname(folder)
    const path = join(folder, 'guest', name)
    if (existsSync(join(folder, 'package.json')) && existsSync(path)) return path
  }
  throw new KhoError('missing', `this package lacks guest/${name}`)
}
