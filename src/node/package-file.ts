import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KhoError } from '../../formats/error.js'
import { undoAtExit } from './cleanup.js'

/**
 * Path of a file that this package ships, such as `guest/agent.c`: below the package's root, which is two folders up from the
 * sources and three from what is built of them. An executable that has everything in it writes the file first.
 *
 * @throws KhoError `missing` where the package lacks it
 */
export function packageFile(name: string): string {
  const sea = process.getBuiltinModule('node:sea')
  if (sea.isSea()) return unpacked(name, new Uint8Array(sea.getRawAsset(name) as ArrayBuffer))
  let folder = dirname(fileURLToPath(import.meta.url))
  for (let up = 0; up < 4; up++) {
    folder = dirname(folder)
    const path = join(folder, ...name.split('/'))
    if (existsSync(join(folder, 'package.json')) && existsSync(path)) return path
  }
  throw new KhoError('missing', `this package lacks ${name}`)
}

function unpacked(name: string, bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'kho-file-'))
  undoAtExit(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, basename(name))
  writeFileSync(path, bytes)
  return path
}
