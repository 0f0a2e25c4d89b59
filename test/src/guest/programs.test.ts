import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findProgram, searchPath } from '../../../src/guest/programs.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const program = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content)
  chmodSync(join(folder, name), 0o755)
}

describe('findProgram', () => {
  it('finds an executable in a folder of PATH', () => {
    program('gcc', '#!/bin/sh\n')
    expect(findProgram('gcc', `/nowhere:${folder}`)).toBe(join(folder, 'gcc'))
  })

  it('passes over files that cannot be run', () => {
    writeFileSync(join(folder, 'gcc'), '')
    expect(searchPath('gcc', folder)).toBeNull()
  })

  it.each([
    ['qemu', 'qemu-system-x86'],
    ['qemu-arm64', 'qemu-system-arm'],
    ['gcc-arm64', 'gcc-aarch64-linux-gnu'],
    ['gcc', 'gcc'],
  ] as const)('says in one line which Debian package has %s', (name, debian) => {
    expect(() => findProgram(name, folder)).toThrow(
      expect.objectContaining({
        code: 'missing',
        message: expect.stringMatching(new RegExp(`^there is no .* in the package ${debian}$`)),
      }),
    )
  })
})
