import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DEBUGFS_FILE_BYTES, DEBUGFS_SCRATCH_FILES, openDebugfs } from '../../formats/dumps/debugfs.js'
import type { Dump } from '../../formats/dumps/dump.js'
import { KhoError } from '../../formats/error.js'
import { fileName } from './paths.js'
import { errorCode } from './system-error.js'

/** True for a directory; false also where there is nothing, or nothing that may be looked at. */
export function isDirectory(path: string): boolean {
  return statOf(path)?.isDirectory() === true
}

function statOf(path: string): Stats | null {
  try {
    return statSync(fileName(path))
  } catch {
    return null
  }
}

/**
 * Opens a directory as a copy of `/sys/kernel/debug/kho`, or as that itself: the directory, one that has it as `kho`, or
 * its `out` or `in`.
 *
 * @throws KhoError `unreadable` for any other directory, `no-state` where a kernel has nothing to show in it.
 */
export function openDebugfsFolder(path: string): Dump {
  const files = new Map<string, Uint8Array>()
  for (const [name, folder] of sides(path)) {
    for (const file of ['fdt', ...DEBUGFS_SCRATCH_FILES])
      addFile(files, `${name}/${file}`, join(folder, file))
    const blobs = join(folder, 'sub_fdts')
    if (!isDirectory(blobs)) continue
    for (const file of listFolder(blobs)) addFile(files, `${name}/sub_fdts/${file}`, join(blobs, file))
  }
  const size = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  return openDebugfs(files, size)
}

function sides(path: string): [string, string][] {
  for (const base of [path, join(path, 'kho')]) {
    const found = ['out', 'in'].filter(name => isDirectory(join(base, name)))
    if (found.length > 0) return found.map(name => [name, join(base, name)])
  }
  if (statOf(join(path, 'fdt'))?.isFile()) {
    return [[basename(path) === 'in' ? 'in' : 'out', path]]
  }
  throw new KhoError('unreadable', `${path} is a directory, and no copy of /sys/kernel/debug/kho`, {
    path,
    hint: 'a copy of it has out/fdt or in/fdt',
  })
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort()
  } catch (error) {
    if (isGone(error)) return []
    throw unreadable(path, error)
  }
}

/** A live kernel takes blobs away whenever it likes: what is gone by now is as if it had never been there. */
function isGone(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENODEV'
}

function unreadable(path: string, error: unknown): KhoError {
  const reason = error instanceof Error ? error.message : String(error)
  return new KhoError('unreadable', `${path}: ${reason}`, { path })
}

/** debugfs gives the size of some files as 0, so that what counts is what can be read. */
function addFile(files: Map<string, Uint8Array>, name: string, path: string): void {
  const stat = statOf(path)
  if (!stat?.isFile() || stat.size > DEBUGFS_FILE_BYTES) return
  try {
    files.set(name, new Uint8Array(readFileSync(path)))
  } catch (error) {
    if (!isGone(error)) throw unreadable(path, error)
  }
}
