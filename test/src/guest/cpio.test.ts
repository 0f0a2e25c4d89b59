import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { CPIO_MODE, writeCpio } from '../../../src/guest/cpio.js'
import { describeWith } from '../../material.js'

const text = (value: string) => new TextEncoder().encode(value)

describe('writeCpio', () => {
  it('writes a header, a name and contents, each padded to four bytes', () => {
    const archive = writeCpio([{ name: 'ab', mode: CPIO_MODE.file | 0o644, content: text('hello') }])
    const shown = Buffer.from(archive).toString('latin1')
    expect(archive.length % 4).toBe(0)
    expect(shown.slice(0, 110)).toBe(
      '070701' + // magic
        '00000001' + // inode
        '000081a4' + // mode
        '0000000000000000' + // owner
        '00000001' + // links
        '00000000' + // time
        '00000005' + // size
        '00000000000000000000000000000000' + // device, device of a special file
        '00000003' + // length of the name
        '00000000', // check
    )
    expect(shown.slice(110, 116)).toBe('ab\0\0\0\0'.slice(0, 6))
    expect(shown.slice(116, 124)).toBe('hello\0\0\0')
    expect(shown.slice(124 + 110, 124 + 121)).toBe('TRAILER!!!\0')
  })

  it('gives the same bytes for the same entries', () => {
    const entries = [{ name: 'dev', mode: CPIO_MODE.folder | 0o755 }]
    expect(writeCpio(entries)).toEqual(writeCpio(entries))
  })
})

// CI installs a busybox where guests are booted.
describeWith('KHO_TEST_KERNELS', 'writeCpio against busybox', () => {
  it('is what busybox cpio lists', () => {
    const archive = writeCpio([
      { name: 'dev', mode: CPIO_MODE.folder | 0o755 },
      { name: 'dev/console', mode: CPIO_MODE.character | 0o600, device: { major: 5, minor: 1 } },
      { name: 'init', mode: CPIO_MODE.file | 0o755, content: text('#!/bin/sh\n') },
    ])
    const { stdout } = spawnSync('busybox', ['cpio', '-tv'], { input: archive, encoding: 'utf8' })
    const lines = stdout.trim().split('\n')
    expect(lines.map(line => line.split(/\s+/).at(-1))).toEqual(['dev', 'dev/console', 'init'])
    expect(lines[1]).toMatch(/^crw------- /)
    const header = Buffer.from(archive).toString('latin1').split('070701')[2]!
    expect(header.slice(9 * 8, 11 * 8)).toBe('0000000500000001')
    expect(lines[2]).toMatch(/^-rwxr-xr-x .* 10 /)
  })
})
