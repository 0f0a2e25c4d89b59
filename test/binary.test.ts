import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KHO, ROOT, requireBuild, requirePage } from './built.js'
import { writeLarge } from './large.js'

const IMAGE = join(ROOT, 'fixtures/linux-7.2.basic-1g.s1-kexec.elf')

let folder = ''

/** Without Node, without a PATH, without anything: as on a machine that has nothing of it. */
function alone(...args: string[]): string {
  return execFileSync(join(folder, 'kho'), args, { cwd: folder, env: { TMPDIR: folder }, encoding: 'utf8' })
}

function node(...args: string[]): string {
  return execFileSync(process.execPath, [KHO, ...args], { cwd: folder, encoding: 'utf8' })
}

beforeAll(() => {
  requireBuild()
  requirePage()
  folder = mkdtempSync(join(tmpdir(), 'kho-alone-'))
  execFileSync(process.execPath, [join(ROOT, 'scripts/binary.js'), join(folder, 'kho')])
}, 180_000)

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

describe('the executable, in an empty environment', () => {
  it.each([
    ['--version'],
    ['stat', IMAGE],
    ['dump', IMAGE, '--json'],
    ['pages', IMAGE, '--ranges', '--owner'],
    ['validate', IMAGE],
    ['hex', IMAGE, 'kexec-metadata'],
    ['schema', 'validate'],
  ])('says what the package says: %s', (...args) => {
    expect(alone(...args)).toBe(node(...args))
  })

  it('finds the same in an image that it looks through with several threads', () => {
    const large = join(folder, 'large')
    writeLarge(large)
    expect(alone('pages', large)).toBe(node('pages', large))
    rmSync(large)
  })

  it('takes a memfd out', () => {
    alone('extract', IMAGE, 'luo/sessions/vm-a/files/2', '-o', 'memfd')
    node('extract', IMAGE, 'luo/sessions/vm-a/files/2', '-o', 'other')
    expect(readFileSync(join(folder, 'memfd')).equals(readFileSync(join(folder, 'other')))).toBe(true)
  })

  it('has the page of kho report in it, and leaves nothing behind', () => {
    alone('report', IMAGE, '-o', 'page.html')
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('id="image-a"')
    expect(readdirSync(folder).sort()).toEqual(['kho', 'memfd', 'other', 'page.html'])
  })
})
