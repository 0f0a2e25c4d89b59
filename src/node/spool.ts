import { closeSync, ftruncateSync, openSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { bytesSource } from '../../formats/memory/byte-source.js'
import { descriptorSource, type FileSource } from './file-source.js'
import { reasonOf } from './system-error.js'
import { writeAt } from './write.js'

/** Takes the bytes of something that cannot be read at random, and makes a source of them. */
export interface Spool {
  readonly size: number
  push(bytes: Uint8Array): void
  /** Everything that was pushed. */
  finish(): FileSource
  /** Lets go of it, where it is not finished. */
  close(): void
}

/** How a spool behaves. */
export interface SpoolOptions {
  /** What messages call it. */
  name: string
  /** Most bytes that are kept in memory; beyond that they go to a file. */
  memory?: number
  /** Told when they do. */
  notice?: ((message: string) => void) | undefined
}

/** Most bytes in memory. */
const SPOOL_MEMORY = 2 ** 28

/** Pieces in memory are at least so large. */
const PIECE_BYTES = 2 ** 20

/**
 * Opens a spool: memory, and beyond a size a file in the folder for temporary files. That has no name, so that it goes with this
 * process, however it ends. Pieces of zeros become holes in it.
 *
 * @throws KhoError `missing` where the file cannot be written
 */
export function openSpool({ name, memory = SPOOL_MEMORY, notice }: SpoolOptions): Spool {
  let pieces: Uint8Array[] = []
  let filled = 0
  let size = 0
  let fd = -1
  const guard = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw new KhoError(
        'missing',
        `no place for the contents of ${name} in ${tmpdir()}: ${reasonOf(error)}`,
        {
          hint: 'set TMPDIR to a folder with more room, or unpack the file and open the result',
        },
      )
    }
  }
  const put = (bytes: Uint8Array, offset: number) => {
    if (bytes.some(byte => byte !== 0)) writeAt(fd, bytes, offset)
  }
  const spill = () => {
    fd = openNameless()
    notice?.(`${name}: more than ${memory / 2 ** 20} MiB; its contents go to a temporary file in ${tmpdir()}`)
    let at = 0
    for (const piece of pieces) {
      put(piece.subarray(0, Math.min(piece.length, size - at)), at)
      at += piece.length
    }
    pieces = []
  }
  const keep = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) {
      let last = pieces.at(-1)
      if (last === undefined || filled === last.length) {
        last = new Uint8Array(PIECE_BYTES)
        pieces.push(last)
        filled = 0
      }
      const count = Math.min(bytes.length - at, last.length - filled)
      last.set(bytes.subarray(at, at + count), filled)
      filled += count
      at += count
    }
  }
  return {
    get size() {
      return size
    },
    push(bytes) {
      if (fd < 0 && size + bytes.length > memory) guard(spill)
      if (fd < 0) keep(bytes)
      else guard(() => put(bytes, size))
      size += bytes.length
    },
    finish() {
      if (fd < 0) {
        const whole = joined(pieces, size)
        pieces = []
        return { ...bytesSource(whole), close() {} }
      }
      guard(() => ftruncateSync(fd, size))
      const source = descriptorSource(fd, name, size)
      fd = -1
      return source
    },
    close() {
      pieces = []
      if (fd >= 0) closeSync(fd)
      fd = -1
    },
  }
}

/** One array of them; each piece is let go of as soon as it is copied. */
function joined(pieces: Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    whole.set(piece.subarray(0, Math.min(piece.length, size - at)), at)
    at += piece.length
  }
  return whole
}

function openNameless(): number {
  const path = join(tmpdir(), `kho-${process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex')}`)
  const fd = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return fd
}
