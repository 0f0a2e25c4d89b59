import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** A folder for what is measured, removed at the end. */
export function benchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kho-bench-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The kernel's walk of a radix tree in C, with a call for each block, as a program; null, and said, where there is no compiler. */
export function compiledWalk(folder: string): string | null {
  const program = join(folder, 'walk')
  const source = fileURLToPath(new URL('walk.c', import.meta.url))
  return spawnSync('gcc', ['-O2', '-o', program, source]).status === 0 ? program : missing('gcc')
}

/** The name of drgn; null, and said, where it is not installed. */
export function installedDrgn(): string | null {
  return spawnSync('drgn', ['--version']).status === 0 ? 'drgn' : missing('drgn')
}

function missing(program: string): null {
  console.log(`${program} is not installed here: nothing is compared with it`)
  return null
}

/** Runs a program to its end. */
export function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'ignore' })
}
