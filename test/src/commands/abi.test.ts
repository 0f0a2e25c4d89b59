import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture, kho } from '../cli/kho.js'
import { expectValid } from '../cli/valid.js'

const IMAGE = fixture('basic-1g.s1-kexec')
const NAMES = [
  'memfd-v2',
  'memblock',
  'kho_test',
  'kexec-metadata',
  'liveupdate-test-flb-v0',
  'liveupdate-test-flb-v1',
  'liveupdate-test-flb-v2',
]
let folder = ''

/** A vmlinux that holds these strings, packed. */
function vmlinux(name: string, strings: readonly string[]): string {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(62, 18)
  const path = join(folder, name)
  writeFileSync(path, gzipSync(Buffer.concat([header, Buffer.from(`\0${strings.join('\0')}\0`, 'latin1')])))
  return path
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-abi-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kho abi DUMP KERNEL', () => {
  it('is a gate before the jump: 0 where the kernel has all that the dump hands over', async () => {
    const kernel = vmlinux('vmlinux.gz', [
      'Linux version 7.3.4+deb14-amd64 (x)',
      'kho-v4',
      'luo-v5',
      ...NAMES,
    ])
    const ran = await kho(['abi', IMAGE, kernel])
    expect(ran.out).toContain('-> 7.3.4+deb14-amd64: ok\n')
    expect(ran.out).toMatch(/\nthis state +kho-v4 +7\.3\.4 +ok/)
    expect(ran.code).toBe(0)
  })

  it.each([
    ['no KHO', [], 'rejected: this kernel has no KHO'],
    ['another root', ['kho-v3'], 'rejected: "… is incompatible with \'kho-v3\'": boots without KHO'],
    ['another LUO', ['kho-v4', 'luo-v1', ...NAMES], 'oops: luo_restore_fail() panics'],
    [
      'no handler',
      ['kho-v4', 'luo-v5', ...NAMES.slice(1)],
      'error-reported: no such handler: its session cannot be retrieved',
    ],
    ['no FLB', ['kho-v4', 'luo-v5', ...NAMES.slice(0, -1)], 'accepted-different: nobody asks for it'],
    [
      'no LUO',
      ['kho-v4', ...NAMES],
      'accepted-different: this kernel has no LUO: sessions and files are lost',
    ],
  ])('says what is missing in a kernel with %s', async (name, strings, verdict) => {
    const kernel = vmlinux(`${name.replaceAll(' ', '-')}.gz`, ['Linux version 7.2.13 (x)', ...strings])
    const ran = await kho(['abi', IMAGE, kernel])
    expect(ran.out.split('\n')[0]).toBe(`${IMAGE} -> 7.2.13: ${verdict}`)
    expect(ran.code).toBe(1)
  })

  it('counts handlers of modules', async () => {
    const strings = ['Linux version 7.2.13 (x)', 'kho-v4', 'luo-v5', ...NAMES.slice(1)]
    const kernel = vmlinux('without.gz', strings)
    const module = vmlinux('module.gz', ['memfd-v2'])
    expect((await kho(['abi', IMAGE, kernel, '--module', module])).code).toBe(0)
  })

  it('judges an unknown newer release as the newest known, and says so', async () => {
    const kernel = vmlinux('newer.gz', ['Linux version 9.9.1 (x)', 'kho-v4', 'luo-v5', ...NAMES])
    const ran = await kho(['abi', IMAGE, kernel])
    expect(ran.out).toMatch(/assumed: 9\.9\.1 is newer than every kernel that is known/)
  })

  it('takes releases for both, and answers in JSON that its schema describes', async () => {
    const ran = await kho(['abi', IMAGE, '7.3', '--json'])
    const document = JSON.parse(ran.out)
    expectValid('abi', document)
    expect(document).toMatchObject({ reader: '7.3', outcome: 'ok' })
    expect(ran.code).toBe(0)
  })

  it.each([
    ['v5', 'v5-table', 'unknown', 'another tracker in the same place'],
    ['v5-table', 'v5', 'error-reported', 'an address for each order'],
    ['v5-table', 'v5-table', 'accepted-different', 'the walk counts bits in pages'],
    ['mail-table', 'mail-table', 'ok', 'pages are skipped'],
  ])('answers for what was posted in spring 2025: %s to %s', async (writer, reader, outcome, note) => {
    const { out } = await kho(['abi', writer, reader, '--json'])
    const document = JSON.parse(out)
    expect(document).toMatchObject({ writer, reader, outcome })
    const tracker = document.components.find((row: { component: string }) => row.component === 'tracker')
    expect(tracker.note).toContain(note)
  })

  it('refuses what is neither a release nor a file, and a dump that is to take over', async () => {
    expect((await kho(['abi', '7.2', 'nosuch'])).code).toBe(2)
    const ran = await kho(['abi', '7.2', IMAGE])
    expect(ran.code).toBe(2)
    expect(ran.err).toContain("name a release or a kernel's file")
  })
})
