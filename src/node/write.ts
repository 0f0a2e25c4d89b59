import { writeSync } from 'node:fs'
import { errorCode } from './system-error.js'

/** Standard output was closed by its reader (`kho … | head`): the end of the work, not an error. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe'
}

/** Writes every byte to a stream; a pipe that is full for now is waited for. */
export function writeAll(fd: number, bytes: Uint8Array, write: typeof writeSync = writeSync): void {
  let done = 0
  while (done < bytes.length) {
    try {
      done += write(fd, bytes, done, bytes.length - done)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'EPIPE') throw new ClosedPipe()
      // A non-blocking pipe: its reader needs a moment. Waiting here keeps the code synchronous.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
      else throw error
    }
  }
}

/** Writes every byte to a place in a file. */
export function writeAt(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
  }
}
