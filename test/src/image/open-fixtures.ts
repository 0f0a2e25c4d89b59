import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

export * from './zstd-build.js'

/** A directory for this test file's images, removed at its end. */
export function workDirectory(): (name: string, bytes?: Uint8Array) => string {
  const directory = mkdtempSync(join(tmpdir(), 'kho-open-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return (name, bytes) => {
    const path = join(directory, name)
    if (bytes !== undefined) writeFileSync(path, bytes)
    return path
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
