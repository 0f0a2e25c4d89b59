import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { undoAtExit } from './cleanup.js'

/** A folder that is there for a while. */
export interface TempFolder {
  path: string
  /** Removes it with all that is in it, unless it is kept; it is removed at exit at the latest. */
  remove(): void
  /** Has it stay. */
  keep(): void
}

/** Unix sockets have names of at most 107 bytes (sun_path), and ours get up to 16 added. */
const LONGEST_PATH = 90

/**
 * Makes a folder of its own for a guest.
 *
 * @throws KhoError `missing` where the place for temporary files cannot be written to or has too long a name.
 */
export function makeTempFolder(parent: string = tmpdir()): TempFolder {
  let path: string
  try {
    path = mkdtempSync(join(parent, 'kho-guest-'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new KhoError('missing', `no place for temporary files: ${why}`, { hint: 'set TMPDIR' })
  }
  let kept = false
  const remove = undoAtExit(() => {
    if (!kept) rmSync(path, { recursive: true, force: true })
  })
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    remove()
    throw new KhoError('missing', `the name of the temporary folder is too long for sockets: ${path}`, {
      hint: 'set TMPDIR to a shorter one',
    })
  }
  return {
    path,
    remove,
    keep() {
      kept = true
    },
  }
}
