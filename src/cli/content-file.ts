import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs'
import { KhoError } from '../../formats/error.js'
import { refuseInput } from './output.js'
import { ClosedPipe, errorCode, type Terminal, writeAll } from './terminal.js'

/** Where contents go. Pieces come with rising offsets. */
export interface ContentFile {
  put(bytes: Uint8Array, offset: number): void
  /** Sets the size: what lies between the pieces and behind them are holes, or zeros where there can be none. */
  finish(size: number): void
  close(): void
}

/** Opens the file that a user named; `-` is standard output. Never one of `inputs`. Throws `missing`, `usage`. */
export function openContentFile(path: string, inputs: readonly string[], terminal: Terminal): ContentFile {
  if (path === '-') return streamFile(terminal.out, () => {})
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new KhoError('usage', `${path} is a directory; -o takes the name of the file to write`, { path })
  }
  refuseInput(path, inputs)
  const guard = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw cannotWrite(path, error)
    }
  }
  const fd = guard(() => openSync(path, 'w'))
  const close = () => closeSync(fd)
  // A pipe or a device has no offsets.
  if (!fstatSync(fd).isFile()) return streamFile(bytes => guard(() => writeAll(fd, bytes)), close)
  return {
    put(bytes, offset) {
      guard(() => {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
        }
      })
    },
    finish: size => guard(() => ftruncateSync(fd, size)),
    close,
  }
}

function streamFile(out: (bytes: Uint8Array) => void, close: () => void): ContentFile {
  const zeros = new Uint8Array(1 << 16)
  let at = 0
  const fill = (to: number) => {
    while (at < to) {
      const count = Math.min(zeros.length, to - at)
      out(zeros.subarray(0, count))
      at += count
    }
  }
  return {
    put(bytes, offset) {
      fill(offset)
      out(bytes)
      at += bytes.length
    },
    finish: fill,
    close,
  }
}

function cannotWrite(path: string, error: unknown): unknown {
  const code = errorCode(error)
  if (error instanceof ClosedPipe || error instanceof KhoError || code === null) return error
  return new KhoError('missing', `cannot write ${path}: ${code}`, { path })
}
