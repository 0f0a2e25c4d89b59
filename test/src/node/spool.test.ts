import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSpool } from '../../../src/node/spool.js'
import { KHO, requireBuild } from '../../built.js'
import { measure } from '../../measure.js'
import { fixture } from '../cli/kho.js'

const IMAGE = fixture('reserve-only-256m.s1-kexec')
let folder = ''
beforeAll(() => {
  requireBuild()
  folder = mkdtempSync(join(tmpdir(), 'kho-spool-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a spool', () => {
  it.each([100, 2 ** 20 + 1, 3 * 2 ** 20])('gives back %d bytes, in memory or not', size => {
    const bytes = Uint8Array.from({ length: size }, (_, n) => (n * 7) >> 3)
    for (const memory of [0, 1000, 2 ** 20, 2 ** 30]) {
      const said: string[] = []
      const spool = openSpool({ name: 'F', memory, notice: line => said.push(line) })
      for (let at = 0; at < size; at += 65_537) spool.push(bytes.subarray(at, at + 65_537))
      spool.push(new Uint8Array(5000))
      const source = spool.finish()
      expect(source.size).toBe(size + 5000)
      expect(Buffer.compare(source.read(0, size), bytes)).toBe(0)
      expect(source.read(size, 6000).every(byte => byte === 0)).toBe(true)
      expect(said).toHaveLength(size + 5000 > memory ? 1 : 0)
      source.close()
    }
  })
})

function shell(script: string) {
  const env = { ...process.env, KHO: `${process.execPath} ${KHO}`, TMPDIR: folder }
  return spawnSync('bash', ['-c', script, IMAGE, folder], { encoding: 'utf8', env })
}

describe('an image from elsewhere', () => {
  it.each([
    ['a pipe', 'cat "$0" | $KHO pages -'],
    ['a file', '$KHO pages - < "$0"'],
    ['a compressed pipe', 'gzip -c "$0" | $KHO pages -'],
    ['a process', '$KHO pages <(cat "$0")'],
    [
      'a name that is no UTF-8',
      'cp "$0" "$1"/$\'\\xff\\xfe.elf\' && $KHO pages "$1"/$\'\\xff\\xfe.elf\'; rm "$1"/*.elf',
    ],
  ])('comes by %s', (_what, script) => {
    expect(shell(script)).toMatchObject({ status: 0, stderr: '', stdout: shell('$KHO pages "$0"').stdout })
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['nothing at all', ': | $KHO pages -', 3, 'standard input is empty'],
    [
      'a pipe that nobody writes to',
      'mkfifo "$1"/p; $KHO pages "$1"/p; code=$?; rm "$1"/p; exit $code',
      3,
      'is a pipe',
    ],
    ['text', 'echo text | $KHO pages -', 4, 'standard input'],
  ])('%s is refused at once', (_what, script, status, message) => {
    const ran = shell(script)
    expect(ran.status).toBe(status)
    if (status !== 4) expect(ran.stderr).toContain(message)
  })

  it('takes little memory for many zeros, and leaves nothing behind', () => {
    const path = join(folder, 'zeros.gz')
    shell(`(cat "$0"; head -c 700000000 /dev/zero) | gzip -1 > ${path}`)
    const { status, stderr, rss } = measure(['pages', path], { TMPDIR: folder })
    expect(status).toBe(0)
    expect(stderr).toContain('go to a temporary file')
    expect(rss).toBeLessThan(600)
    rmSync(path)
    expect(readdirSync(folder)).toEqual([])
  })
})
