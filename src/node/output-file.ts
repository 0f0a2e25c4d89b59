import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { undoAtExit } from './cleanup.js'
import { guardFile } from './guard.js'
import { cannotWrite, type OutputPath, outputPath } from './output-path.js'
import { errorCode } from './system-error.js'
import { ClosedPipe, writeAll, writeAt } from './write.js'

/** Where an output goes. Pieces come with rising offsets that do not overlap; what lies between them is zero. */
export interface OutputFile {
  write(bytes: Uint8Array, offset: number): void
  /** Gives it its size, and makes it the file of its name. */
  finish(size: number): void
  /** Lets go of it: what is not finished was never there. */
  close(): void
}

/** Outputs up to this size are written at the end and in one go, which no signal interrupts. */
const HELD_BYTES = 2 ** 22

/** Room for what is added to a name: names have 255 bytes at most. */
const LONGEST_NAME = 200

/**
 * Opens a file for an output. A regular file is written beside its place, brought to the disk, and then given its
 * name, so that under that name there is always the old file or the whole new one. A pipe or a device is
 * written to as it is.
 *
 * @param inputs files and folders that are read, which it must not be or be in
 * @throws KhoError `usage` for a directory or an input, `missing` where it cannot be written
 */
export function openOutputFile(name: string, inputs: readonly string[]): OutputFile {
  const place = outputPath(name, inputs)
  return place.stream ? openStream(place) : openReplacement(place)
}

/** An output that is written in order: what lies between pieces is written as zeros. */
export function streamOutput(out: (bytes: Uint8Array) => void, close: () => void = () => {}): OutputFile {
  const zeros = new Uint8Array(2 ** 16)
  let at = 0
  const fill = (to: number) => {
    while (at < to) {
      const count = Math.min(zeros.length, to - at)
      out(zeros.subarray(0, count))
      at += count
    }
  }
  return {
    write(bytes, offset) {
      fill(offset)
      out(bytes)
      at += bytes.length
    },
    finish: fill,
    close,
  }
}

function openStream({ name, path }: OutputPath): OutputFile {
  const fd = attempt(name, () => openSync(path, 'w'))
  return streamOutput(
    bytes => attempt(name, () => writeAll(fd, bytes)),
    () => closeSync(fd),
  )
}

function openReplacement(place: OutputPath): OutputFile {
  const { name } = place
  let held: { bytes: Uint8Array; offset: number }[] = []
  let heldBytes = 0
  let temp: Replacement | null = null
  const flush = (to: Replacement) => {
    for (const { bytes, offset } of held) to.write(bytes, offset)
    held = []
  }
  return {
    write(bytes, offset) {
      if (temp === null && heldBytes + bytes.length <= HELD_BYTES) {
        held.push({ bytes: bytes.slice(), offset })
        heldBytes += bytes.length
        return
      }
      attempt(name, () => {
        if (temp === null) {
          temp = makeReplacement(place, guardFile)
          flush(temp)
        }
        temp.write(bytes, offset)
      })
    },
    finish(size) {
      attempt(name, () => {
        temp ??= makeReplacement(place, path => undoAtExit(() => rmSync(path, { force: true })))
        flush(temp)
        temp.finish(size)
      })
    },
    close() {
      temp?.close()
      held = []
    },
  }
}

/** The file beside its place. */
type Replacement = OutputFile

/** @param guard has the file removed when the process ends, and gives what ends that. */
function makeReplacement({ path, old }: OutputPath, guard: (path: string) => () => void): Replacement {
  const start = Buffer.from(basename(path))
    .subarray(0, LONGEST_NAME)
    .toString('utf8')
    .replace(/\ufffd+$/, '')
  const temp = join(
    dirname(path),
    `.${start}.${process.getBuiltinModule('node:crypto').randomBytes(6).toString('hex')}.tmp`,
  )
  const dismiss = guard(temp)
  let fd: number
  try {
    fd = openSync(temp, 'wx')
  } catch (error) {
    dismiss()
    throw error
  }
  let done = false
  return {
    write: (bytes, offset) => writeAt(fd, bytes, offset),
    finish(size) {
      ftruncateSync(fd, size)
      if (old !== null) keepOwner(fd, old)
      fsyncSync(fd)
      renameSync(temp, path)
      done = true
      syncFolder(dirname(path))
      this.close()
    },
    close() {
      if (fd < 0) return
      closeSync(fd)
      fd = -1
      if (!done) rmSync(temp, { force: true })
      dismiss()
    },
  }
}

/** Mode and owner of the file that is replaced; only root can give files away. */
function keepOwner(fd: number, old: { mode: number; uid: number; gid: number }): void {
  const made = fstatSync(fd)
  if (made.uid !== old.uid || made.gid !== old.gid) {
    try {
      fchownSync(fd, old.uid, old.gid)
    } catch (error) {
      if (errorCode(error) !== 'EPERM') throw error
    }
  }
  fchmodSync(fd, old.mode & 0o777)
}

/** The name itself is brought to the disk, too; where a file system cannot, it does so when it likes. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(path, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // The file is whole under its name already.
  }
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ClosedPipe || error instanceof KhoError || errorCode(error) === null) throw error
    throw cannotWrite(name, error)
  }
}
