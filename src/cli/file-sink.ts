import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs'
import type { Sink } from '../../formats/dumps/index.js'
import { KhoError } from '../../formats/error.js'
import { errorCode } from './terminal.js'

/** A file that a dump is written to: where nothing is written, it has holes. */
export interface FileSink {
  write: Sink
  /** Gives the file its length, and closes it. */
  finish(size: number): void
  /** Closes it as it is; nothing where it is closed already. */
  close(): void
}

/**
 * Opens a file for a dump.
 *
 * @throws KhoError `usage` where it is one of the inputs, `missing` where it cannot be written
 */
export function openFileSink(path: string, inputs: readonly string[]): FileSink {
  for (const input of inputs) {
    const [there, other] = [path, input].map(name => statSync(name, { throwIfNoEntry: false }))
    if (there?.isFile() && other !== undefined && there.dev === other.dev && there.ino === other.ino) {
      throw new KhoError('usage', `-o ${path} would overwrite its own input`, { path })
    }
  }
  let fd = attempt(path, () => openSync(path, 'w'))
  return {
    write(bytes, offset) {
      attempt(path, () => {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
        }
      })
    },
    finish(size) {
      attempt(path, () => ftruncateSync(fd, size))
      this.close()
    },
    close() {
      if (fd >= 0) closeSync(fd)
      fd = -1
    },
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const code = errorCode(error)
    if (code === null) throw error
    throw new KhoError('missing', `cannot write ${path}: ${code}`, { path })
  }
}
