import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KhoError } from '../../formats/error.js'

/**
 * Path of a file that this package ships, such as `guest/init`: below the package's root, which is two folders up from the
 * sources and three from what is built of them.
 *
 * @throws KhoError `missing` where the package lacks it
 */
export function packageFile(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (let up = 0; up < 4; up++) {
    folder = dirname(folder)
    const path = join(folder, ...name.split('/'))
    if (existsSync(join(folder, 'package.json')) && existsSync(path)) return path
  }
  throw new KhoError('missing', `this package lacks ${name}`)
}
