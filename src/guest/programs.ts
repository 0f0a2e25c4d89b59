import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { KhoError } from '../../formats/error.js'

/** A program that a guest needs, and the Debian package that has it. */
export const PROGRAMS = {
  qemu: { name: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  busybox: { name: 'busybox', package: 'busybox-static' },
  gcc: { name: 'gcc', package: 'gcc' },
} as const

export type Program = keyof typeof PROGRAMS

/**
 * The path of a program.
 *
 * @throws KhoError `missing`, with the Debian package's name, where no folder of `PATH` has it.
 */
export function findProgram(program: Program, path: string = process.env.PATH ?? ''): string {
  const { name } = PROGRAMS[program]
  const found = searchPath(name, path)
  if (found === null) throw missing(program, `there is no ${name} in PATH`)
  return found
}

/** The first executable file of that name in the folders of `PATH`, or null. */
export function searchPath(name: string, path: string = process.env.PATH ?? ''): string | null {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, name)
    if (folder !== '' && isExecutable(candidate)) return candidate
  }
  return null
}

/**
 * The path of a busybox that runs where there is nothing else.
 *
 * @throws KhoError `missing` where there is none, or only one that needs libraries.
 */
export function findStaticBusybox(path?: string): string {
  const busybox = findProgram('busybox', path)
  if (needsInterpreter(readFileSync(busybox))) throw missing('busybox', `${busybox} is not statically linked`)
  return busybox
}

function missing(program: Program, what: string): KhoError {
  const { package: name } = PROGRAMS[program]
  return new KhoError('missing', `${what}; Debian has it in the package ${name}`)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const PT_INTERP = 3

/** True where a 64-bit ELF executable has a PT_INTERP: it is linked dynamically. */
function needsInterpreter(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 64 || view.getUint32(0, false) !== 0x7f454c46) return true
  const table = Number(view.getBigUint64(32, true))
  const entryBytes = view.getUint16(54, true)
  const count = view.getUint16(56, true)
  for (let i = 0; i < count; i++) {
    const at = table + i * entryBytes
    if (at + 4 > bytes.length || view.getUint32(at, true) === PT_INTERP) return true
  }
  return false
}
