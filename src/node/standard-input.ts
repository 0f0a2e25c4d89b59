import { fstatSync, openSync, readSync, statSync } from 'node:fs'
import { KhoError } from '../../formats/error.js'
import { descriptorSource, type FileSource } from './file-source.js'
import { isTerminal } from './is-terminal.js'
import { openSpool } from './spool.js'
import { errorCode, reasonOf } from './system-error.js'

const PIECE_BYTES = 2 ** 20

/** Names of descriptors that this process was started with: `<(command)` of a shell is one. */
const DESCRIPTOR = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/

/** True for a pipe that somebody has opened for this process, so that there is an end to wait for. */
export function isPiped(name: string): boolean {
  return DESCRIPTOR.test(name) && statSync(name, { throwIfNoEntry: false })?.isFIFO() === true
}

/**
 * Reads standard input (`-`), or another pipe, to its end, because an image is read at random; a file that standard input comes
 * from is read in place.
 *
 * @throws KhoError `usage` for a terminal, `unreadable`, `missing` where there is no room for the contents
 */
export function spoolInput(name: string, notice: ((message: string) => void) | undefined): FileSource {
  const title = name === '-' ? 'standard input' : name
  if (name === '-' && isTerminal(0)) {
    throw new KhoError('usage', 'standard input is a terminal; - reads an image from a file or a pipe')
  }
  const fd = name === '-' ? 0 : openSync(name, 'r')
  const stat = attempt(title, () => fstatSync(fd))
  if (stat.isFile()) {
    if (stat.size === 0) throw new KhoError('unreadable', `${title} is empty`)
    return { ...descriptorSource(fd, title, stat.size), close() {} }
  }
  const spool = openSpool({ name: title, notice })
  const piece = new Uint8Array(PIECE_BYTES)
  try {
    for (;;) {
      const count = attempt(title, () => readPiece(fd, piece))
      if (count === 0) break
      spool.push(piece.subarray(0, count))
    }
    if (spool.size === 0) throw new KhoError('unreadable', `${title} is empty`)
    return spool.finish()
  } finally {
    spool.close()
  }
}

function readPiece(fd: number, piece: Uint8Array): number {
  for (;;) {
    try {
      return readSync(fd, piece, 0, piece.length, null)
    } catch (error) {
      if (errorCode(error) === 'EOF') return 0
      // A pipe that does not block: its writer needs a moment.
      if (errorCode(error) !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

function attempt<T>(title: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new KhoError('unreadable', `${title}: ${reasonOf(error)}`)
  }
}
