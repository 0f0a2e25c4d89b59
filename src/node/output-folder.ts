import { createHash } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cannotWrite } from './output-path.js'

/** True for an output that names a folder: one that is there, or a name that ends as such. */
export function isFolderName(name: string): boolean {
  return name.endsWith('/') || statSync(name, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Makes a folder for outputs, where it is not there. Throws `missing`. */
export function makeFolder(name: string): void {
  try {
    mkdirSync(name, { recursive: true })
  } catch (error) {
    throw cannotWrite(name, error)
  }
}

/** Names of files have 255 bytes at most, and something is added to them while they are written. */
const LONGEST = 180

/**
 * The file for a path in a folder: percent-encoded, so that it has no `/` and decodes to the path. One that is too long for a
 * file ends in a digest.
 */
export function fileFor(folder: string, path: string): { file: string; name: string } {
  const encoded = path.replaceAll('%', '%25').replaceAll('/', '%2F').replace(/^\./, '%2E')
  const digest = () => createHash('sha256').update(path).digest('hex').slice(0, 16)
  const name = encoded.length <= LONGEST ? encoded : `${encoded.slice(0, LONGEST)}~${digest()}`
  return { file: join(folder, name), name }
}

/** A SHA-256 over pieces that come with rising offsets; what lies between them is zeros. */
export interface GapHash {
  update(bytes: Uint8Array, offset: number): void
  digest(size: number): string
}

/** Makes one. */
export function gapHash(): GapHash {
  const hash = createHash('sha256')
  const zeros = new Uint8Array(2 ** 20)
  let at = 0
  const fill = (to: number) => {
    while (at < to) {
      const count = Math.min(zeros.length, to - at)
      hash.update(zeros.subarray(0, count))
      at += count
    }
  }
  return {
    update(bytes, offset) {
      fill(offset)
      hash.update(bytes)
      at = offset + bytes.length
    },
    digest(size) {
      fill(size)
      return hash.digest('hex')
    },
  }
}
