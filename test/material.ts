import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Folders of big test material that are not in the repository, by the environment variable that names them. */
export type Material = 'KHO_TEST_CAPTURES' | 'KHO_TEST_CORPUS' | 'KHO_TEST_KERNEL'

/** Where the material is, or null. */
export function material(variable: Material): string | null {
  const path = process.env[variable]
  return path !== undefined && path !== '' && existsSync(path) ? path : null
}

/** A suite over big material; without it, one test that says by name what was left out. */
export function describeWith(variable: Material, name: string, suite: (path: string) => void): void {
  const path = material(variable)
  if (path !== null) {
    describe(name, () => suite(path))
    return
  }
  it(`left out without ${variable}: ${name}`, () => {
    console.log(`left out: ${name} (${variable} names no such path)`)
    expect(material(variable)).toBeNull()
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
