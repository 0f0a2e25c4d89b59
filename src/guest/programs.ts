import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import type { Arch } from './arch.js'

/** A program that a guest needs, and the Debian package that has it. */
export const PROGRAMS = {
  qemu: { name: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  'qemu-arm64': { name: 'qemu-system-aarch64', package: 'qemu-system-arm' },
  gcc: { name: 'gcc', package: 'gcc' },
  'gcc-arm64': { name: 'aarch64-linux-gnu-gcc', package: 'gcc-aarch64-linux-gnu' },
  'gcc-x86': { name: 'x86_64-linux-gnu-gcc', package: 'gcc-x86-64-linux-gnu' },
} as const

export type Program = keyof typeof PROGRAMS

/** The program that runs a guest of a machine. */
export const QEMU: Readonly<Record<Arch, Program>> = { x86_64: 'qemu', arm64: 'qemu-arm64' }

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
