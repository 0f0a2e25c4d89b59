import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROGRAMS, searchPath } from '../src/guest/programs.js'

/** Folders of big test material that are not in the repository, by the environment variable that names them. */
export type Material = 'KHO_TEST_CAPTURES' | 'KHO_TEST_CORPUS' | 'KHO_TEST_KERNELS' | 'KHO_TEST_SARIF_SCHEMA'

/** Where the material is, or null. */
export function material(variable: Material): string | null {
  const path = process.env[variable]
  return path !== undefined && path !== '' && existsSync(path) ? path : null
}

/** A suite over big material; without it, one test that says by name what was left out. */
export function describeWith(variable: Material, name: string, suite: (path: string) => void): void {
  suiteOr(material(variable), variable, name, suite)
}

/** Releases whose kernels tests boot, oldest first: files `bzImage-RELEASE` in the folder that KHO_TEST_KERNELS names. */
export const BOOTED = ['6.17.8', '6.18.15', '6.19.11', '7.1.13', '7.2.13', '7.3.4'] as const

/** The kernel of a release to boot, or null where there is none. */
function kernelOf(release: (typeof BOOTED)[number]): string | null {
  const folder = material('KHO_TEST_KERNELS')
  const path = folder === null ? null : join(folder, `bzImage-${release}`)
  return path !== null && existsSync(path) ? path : null
}

/** A suite that boots the kernel of a release; without it, one test that says by name what was left out. */
export function describeWithKernel(
  release: (typeof BOOTED)[number],
  name: string,
  suite: (path: string) => void,
): void {
  suiteOr(kernelOf(release), `KHO_TEST_KERNELS and bzImage-${release} in it`, name, suite)
}

/** The arm64 kernel with pages of 64K that tests boot: in the folder that KHO_TEST_KERNELS names. */
const ARM64_IMAGE = 'Image-arm64-64k-7.3.4.gz'

/** A suite that boots an arm64 kernel; without it, its QEMU or a compiler for its agent, one test that says so. */
export function describeWithArm64(name: string, suite: (path: string) => void): void {
  const folder = material('KHO_TEST_KERNELS')
  const path = folder === null ? null : join(folder, ARM64_IMAGE)
  const tools = [PROGRAMS['qemu-arm64'].name, PROGRAMS['gcc-arm64'].name]
  const ready = path !== null && existsSync(path) && tools.every(tool => searchPath(tool) !== null)
  suiteOr(
    ready ? path : null,
    `KHO_TEST_KERNELS, ${ARM64_IMAGE} in it, and ${tools.join(' and ')}`,
    name,
    suite,
  )
}

function suiteOr(path: string | null, what: string, name: string, suite: (path: string) => void): void {
  if (path !== null) {
    describe(name, () => suite(path))
    return
  }
  it(`left out without ${what}: ${name}`, () => {
    console.log(`left out: ${name} (without ${what})`)
    expect(path).toBeNull()
  })
}

/** Names in a folder that end in `suffix`, without it, sorted. */
export function namesIn(folder: string, suffix: string): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith(suffix))
    .map(name => name.slice(0, -suffix.length))
    .sort()
}

/** A JSON file, as the type that the caller knows it to have. */
export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T
}

/** Hex sha256 of text. */
export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
