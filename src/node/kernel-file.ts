import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { constants, gunzipSync } from 'node:zlib'
import { KhoError } from '../../formats/error.js'
import {
  type Compression,
  type KernelFile,
  readKernelFile,
  type Unpack,
} from '../../formats/kernel-files/index.js'
import { bytesSource } from '../../formats/memory/byte-source.js'
import { unzstdSource } from '../image/zstd/index.js'
import { reasonOf } from './system-error.js'

/** Kernels are tens of MiB; a vmlinux with debug information may have a GiB. */
const MOST_BYTES = 2 ** 30

/** Programs that unpack what neither Node nor this package does. */
const PROGRAMS: Readonly<Partial<Record<Compression, readonly [string, ...string[]]>>> = {
  xz: ['xz', '-dc', '--single-stream'],
  lzma: ['xz', '-dc', '--format=lzma'],
  bzip2: ['bzip2', '-dc'],
  lz4: ['lz4', '-dc'],
  lzo: ['lzop', '-dc'],
}

/** The kernel's makefile puts the length of the whole behind streams that do not have it in them. */
const APPENDED_LENGTH = 4

/**
 * Reads a kernel, or a module, from disk.
 *
 * @throws KhoError `unreadable` about the file, `unknown-format` where it is no kernel, `missing` where a program to
 * unpack it is
 */
export function openKernelFile(path: string): KernelFile {
  let bytes: Uint8Array
  try {
    const { size } = statSync(path)
    if (size > MOST_BYTES) throw new KhoError('unknown-format', `${path} is too large for a kernel`, { path })
    bytes = readFileSync(path)
  } catch (error) {
    if (error instanceof KhoError) throw error
    throw new KhoError('unreadable', `${path} cannot be read: ${reasonOf(error)}`, { path })
  }
  return readKernelFile(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), unpackWith(path))
}

function unpackWith(path: string): Unpack {
  return (method, bytes) => {
    if (method === 'gzip') return gunzip(bytes, path)
    if (method === 'zstd') return unzstd(bytes, path)
    return runProgram(PROGRAMS[method]!, bytes, path)
  }
}

function gunzip(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return new Uint8Array(
      gunzipSync(bytes, { maxOutputLength: MOST_BYTES, finishFlush: constants.Z_SYNC_FLUSH }),
    )
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new KhoError('unreadable', `${path}: damaged gzip data: ${why}`, { path })
  }
}

function unzstd(bytes: Uint8Array, path: string): Uint8Array {
  const options = { name: path, limit: MOST_BYTES }
  try {
    return unzstdSource(bytesSource(bytes.subarray(0, bytes.length - APPENDED_LENGTH)), options)
  } catch {
    return unzstdSource(bytesSource(bytes), options)
  }
}

function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  input: Uint8Array,
  path: string,
): Uint8Array {
  const { stdout, error } = spawnSync(program, args, { input, maxBuffer: MOST_BYTES })
  if (error !== undefined) {
    throw new KhoError('missing', `${path} is packed in a way that ${program} unpacks: ${error.message}`, {
      path,
      hint: `install ${program}, or give the vmlinux`,
    })
  }
  // What follows the stream makes the program complain after it is done.
  if (stdout.length > 0) return new Uint8Array(stdout.buffer, stdout.byteOffset, stdout.byteLength)
  throw new KhoError('unreadable', `${path}: ${program} cannot unpack what is in it`, { path })
}
