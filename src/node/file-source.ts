import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { KhoError } from '../../formats/error.js'
import type { ByteSource } from '../../formats/memory/byte-source.js'
import type { Range } from '../../formats/memory/range.js'
import { findWritten } from './holes.js'
import { fileName } from './paths.js'
import { reasonOf } from './system-error.js'

/** A file opened for random access. */
export interface FileSource extends ByteSource {
  /** What other threads of this process read it by; not there where its bytes are in memory. */
  readonly fd?: number
  close(): void
}

/** Reads below this size go through the cache; others have bytes of their own. */
const SMALL_READ = 4096

/**
 * Where a read of a page goes on where the one before ended, as in the pages of a tracker that lie one after the other, so
 * much is read at once, and the pages that follow are views of it. All of it is kept alive by who keeps one of them.
 */
const RUN_BYTES = 2 ** 16

/** Twice as much each time that goes on: a piece of memory for every few pages costs more than to read them. */
const MOST_RUN_BYTES = 2 ** 20

/** So much of these is kept for who reads them again: a tracker is decoded, and then walked as its kernel does. */
const KEPT_RUN_BYTES = 2 ** 26

const CACHE_BLOCK = 2 ** 14
const CACHE_BLOCKS = 512

/** Blocks are cut from pieces of this size: a buffer for each costs more in garbage than reading it does. */
const SLAB_BYTES = 2 ** 18

/** A sequential pass reads this much at once: what stays in the processor's cache until it is looked at (docs/performance.md). */
const READ_AHEAD = 2 ** 18

/**
 * glibc gives large pieces of memory so many bytes behind the beginning of a page. Copying a page of the page cache to bytes that lie
 * a little further into theirs takes a quarter longer: each load looks as if it waited for the last store. So they begin a page.
 */
const MALLOC_HEADER = 16
const PAGE = 4096

/** readSync takes no more at once. */
const MAX_READ = 2 ** 30

/**
 * Opens a file. Nothing of it is read but what is asked for: files beyond 2 GiB and sparse ones of a terabyte
 * open at once. Small reads are views of cached blocks, which are never written to again; a read of a page or
 * more has bytes of its own, or shares them with its neighbours where they are read one after the other.
 *
 * @throws KhoError `unreadable` with one line that says why.
 */
export function openFileSource(path: string): FileSource {
  const fd = openDescriptor(path)
  try {
    const stat = checkedStat(fd, path)
    const source = descriptorSource(fd, path, stat.size)
    return isSparse(stat) ? { ...source, written: onceWritten(fd, stat.size) } : source
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Reads a file by its descriptor, which is the source's from now on. `path` is what messages call it. */
export function descriptorSource(fd: number, path: string, size: number): FileSource {
  const cache = new Map<number, Uint8Array>()
  let slab: Uint8Array = new Uint8Array(0)
  let ahead: Uint8Array | null = null
  let aheadStart = 0
  let aheadLength = 0
  const runs = new Map<number, Uint8Array>()
  let run: Uint8Array = new Uint8Array(0)
  let runStart = 0
  let runBytes = 0
  let lastEnd = -1
  let lastBlock: Uint8Array = new Uint8Array(0)
  let lastBlockStart = -1
  let closed = false

  function readInto(target: Uint8Array, offset: number, length: number): number {
    let done = 0
    while (done < length) {
      const count = readOnce(fd, path, target, done, Math.min(length - done, MAX_READ), offset + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  function readExactly(offset: number, length: number): Uint8Array {
    const bytes = allocate(length)
    const count = readInto(bytes, offset, length)
    return count === length ? bytes : bytes.subarray(0, count)
  }

  function readBlock(offset: number, length: number): Uint8Array {
    if (slab.length < length) slab = allocate(SLAB_BYTES)
    const count = readInto(slab, offset, length)
    const block = slab.subarray(0, count)
    slab = slab.subarray(length)
    return block
  }

  /** Bytes that are never written to again. */
  function readKept(offset: number, length: number): Uint8Array {
    const goesOn = offset === lastEnd
    lastEnd = offset + length
    const inRun = offset >= runStart && offset + length <= runStart + run.length
    if (!inRun) {
      const known = runs.get(offset)
      if (known === undefined || length > known.length) {
        if (!goesOn || length > RUN_BYTES / 2) return readExactly(offset, length)
        const follows = run.length > 0 && offset === runStart + run.length
        const wanted = follows ? Math.min(run.length * 2, MOST_RUN_BYTES) : RUN_BYTES
        run = readExactly(offset, Math.min(wanted, size - offset))
        keepRun(offset, run)
      } else {
        run = known
      }
      runStart = offset
    }
    return run.subarray(offset - runStart, offset - runStart + length)
  }

  function keepRun(offset: number, bytes: Uint8Array): void {
    runBytes += bytes.length - (runs.get(offset)?.length ?? 0)
    runs.set(offset, bytes)
    for (const [oldest, { length }] of runs) {
      if (runBytes <= KEPT_RUN_BYTES) break
      runs.delete(oldest)
      runBytes -= length
    }
  }

  function cachedBlock(start: number): Uint8Array {
    // Fields are read one by one: most reads are of the block of the last.
    if (start === lastBlockStart) return lastBlock
    let block = cache.get(start)
    if (block === undefined) {
      block = readBlock(start, Math.min(CACHE_BLOCK, size - start))
      // The oldest goes: to keep it for those who still use it costs each of them more than reading it again does.
      if (cache.size >= CACHE_BLOCKS) cache.delete(cache.keys().next().value as number)
      cache.set(start, block)
    }
    lastBlock = block
    lastBlockStart = start
    return block
  }

  function readAhead(offset: number, length: number): Uint8Array {
    if (ahead === null || ahead.length < length) ahead = allocatePages(Math.max(length, READ_AHEAD))
    const cached = offset >= aheadStart && offset + length <= aheadStart + aheadLength
    if (!cached) {
      aheadLength = 0
      aheadLength = readInto(ahead, offset, Math.min(ahead.length, size - offset))
      aheadStart = offset
    }
    const start = offset - aheadStart
    return ahead.subarray(start, Math.min(start + length, aheadLength))
  }

  function read(offset: number, length: number, reuse = false): Uint8Array {
    if (closed) throw new KhoError('usage', `${path} was closed`)
    if (!(offset >= 0 && length >= 0))
      throw new KhoError('usage', `read of ${length} bytes at offset ${offset}`)
    const wanted = Math.max(0, Math.min(length, size - offset))
    if (wanted === 0) return new Uint8Array(0)
    if (reuse) return readAhead(offset, wanted)
    const start = Math.floor(offset / CACHE_BLOCK) * CACHE_BLOCK
    if (wanted >= SMALL_READ || offset + wanted > start + CACHE_BLOCK) return readKept(offset, wanted)
    return cachedBlock(start).subarray(offset - start, offset - start + wanted)
  }

  function close(): void {
    if (closed) return
    closed = true
    cache.clear()
    lastBlock = new Uint8Array(0)
    lastBlockStart = -1
    ahead = null
    run = new Uint8Array(0)
    runs.clear()
    slab = new Uint8Array(0)
    closeSync(fd)
  }

  return { size, fd, read, close }
}

/** Looks first: opening a pipe that nobody writes to would wait for ever. */
function openDescriptor(path: string): number {
  const name = fileName(path)
  try {
    refuseOdd(statSync(name), path)
    return openSync(name, 'r')
  } catch (error) {
    throw error instanceof KhoError ? error : unreadable(path, error)
  }
}

function checkedStat(fd: number, path: string): Stats {
  const stat = fstatSync(fd)
  refuseOdd(stat, path)
  return stat
}

/** Holes below this are read as fast as somebody is asked where they are. */
const FEW_HOLES = 2 ** 28

/** True for a file of which much was never written. */
function isSparse({ size, blocks }: Stats): boolean {
  return size - blocks * 512 >= FEW_HOLES
}

/** What of a file was written, found out when somebody asks, and once. */
function onceWritten(fd: number, size: number): () => readonly Range[] | null {
  let found: readonly Range[] | null | undefined
  return () => {
    if (found === undefined) found = findWritten(fd, size)
    return found
  }
}

function refuseOdd(stat: Stats, path: string): void {
  const what = stat.isDirectory()
    ? 'is a directory'
    : stat.isFIFO() || stat.isSocket()
      ? 'is a pipe; a dump is read at random, so it must be a file, or - for standard input'
      : stat.isCharacterDevice()
        ? 'is a device'
        : stat.size === 0
          ? 'is empty'
          : null
  if (what !== null) throw new KhoError('unreadable', `${path} ${what}`, { path })
}

function readOnce(
  fd: number,
  path: string,
  target: Uint8Array,
  at: number,
  length: number,
  offset: number,
): number {
  try {
    return readSync(fd, target, at, length, offset)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Not zeroed: every byte is read into before anyone sees it. */
function allocate(length: number): Uint8Array {
  try {
    const buffer = Buffer.allocUnsafeSlow(length)
    return new Uint8Array(buffer.buffer, buffer.byteOffset, length)
  } catch {
    throw new KhoError('usage', `${length} bytes in one piece do not fit in memory`)
  }
}

/** Bytes that begin where a page does, or somewhere else where memory is given out in another way. */
function allocatePages(length: number): Uint8Array {
  return allocate(length + PAGE).subarray(PAGE - MALLOC_HEADER, PAGE - MALLOC_HEADER + length)
}

function unreadable(path: string, error: unknown): KhoError {
  return new KhoError('unreadable', `${path}: ${reasonOf(error)}`, { path })
}
