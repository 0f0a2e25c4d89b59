import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { packageFile } from '../node/package-file.js'
import type { Arch } from './arch.js'
import { findProgram, PROGRAMS } from './programs.js'

const FLAGS = ['-static', '-O2', '-Wall', '-Wextra']

/** Where compiled agents are kept: `$XDG_CACHE_HOME/kho-tools`, by default below `~/.cache`. */
function agentCache(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'kho-tools')
}

/**
 * The guest's agent as a static executable: compiled with gcc the first time, then taken from the cache,
 * where it is filed under a hash of its source.
 *
 * @throws KhoError `missing` where there is no gcc, it has no static C library, or the cache cannot be written to.
 */
export function buildAgent(arch: Arch = 'x86_64', cache: string = agentCache()): string {
  const source = packageFile('guest/agent.c')
  const hash = createHash('sha256').update(readFileSync(source)).update(FLAGS.join(' ')).digest('hex')
  const path = join(cache, `agent-${arch}-${hash.slice(0, 16)}`)
  if (existsSync(path)) return path
  const compiler = compilerFor(arch)
  const gcc = findProgram(compiler)
  makeFolder(cache)
  const made = `${path}.${process.pid}`
  const { status, stderr, error } = spawnSync(gcc, [...FLAGS, '-o', made, source], { encoding: 'utf8' })
  if (status !== 0) {
    rmSync(made, { force: true })
    const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? 'no reason given'
    const library =
      compiler === 'gcc' ? 'libc6-dev' : `libc6-dev-${arch === 'arm64' ? 'arm64' : 'amd64'}-cross`
    const message = `${PROGRAMS[compiler].name} cannot compile the guest's agent (Debian has a static C library in the package ${library}): ${why}`
    throw new KhoError('missing', message)
  }
  // Others may compile at the same time: whoever is last wins, with the same bytes.
  renameSync(made, path)
  return path
}

/** The system's own where a guest is of the same machine. */
function compilerFor(arch: Arch): 'gcc' | 'gcc-arm64' | 'gcc-x86' {
  const native = { x64: 'x86_64', arm64: 'arm64' }[process.arch as string]
  if (native === arch) return 'gcc'
  return arch === 'arm64' ? 'gcc-arm64' : 'gcc-x86'
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new KhoError('missing', `no place for the guest's agent: ${why}`, { path: folder })
  }
}
