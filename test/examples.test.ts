import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT, requireBuild } from './built.js'

const IMAGE = 'fixtures/linux-7.2.basic-1g.s1-kexec.elf'
const SMALL = 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf'
const EARLY = 'fixtures/linux-7.2.basic-1g.s2-early.elf'

let folder = ''

/** What each example is run with, and what it prints, in part. */
const RUNS: Readonly<Record<string, { args: string[]; shows: RegExp }>> = {
  'abi.js': { args: [IMAGE, '6.18'], shows: /^root compatible rejected / },
  'annotate.js': { args: [IMAGE, 'kexec-metadata'], shows: /^0x613004 previousRelease "7\.2\.13-khotest"$/m },
  'boot.js': { args: [IMAGE], shows: /\ndone\n$/ },
  'compare.js': { args: [SMALL], shows: /^kho-v4$/m },
  'convert.js': { args: [SMALL, 'kho-v3'], shows: /^kho-v4 kho-v3 \d+ kho-v3$/m },
  'damage.js': {
    args: ['fixtures/scenarios/luo-two-sessions.yaml', 'ROOT-COMPATIBLE'],
    shows: /^ROOT-COMPATIBLE: .*\ntrue$/m,
  },
  'damage-image.js': { args: [IMAGE, 'RADIX-CYCLE'], shows: /^true\n.*\ntrue$/m },
  'encode.js': { args: [], shows: /address: 134217728, order: 9 .* 0$/m },
  'extract.js': { args: [IMAGE, 'fdt'], shows: /^fdt 405 0 405$/m },
  'from-nothing.js': { args: [], shows: /^true kho-v4 live 1\n65536 guest guest 0$/m },
  'map.js': { args: [IMAGE], shows: /^\d+ 32 \d+$/m },
  'memfds.js': { args: [IMAGE, 'FOLDER'], shows: /^luo\/sessions\/vm-a\/files\/2: 12345 bytes, 0 of them/m },
  'pages.js': { args: [IMAGE], shows: /^323 blocks in 35 ranges\n0x60d000-0x60e000 fdt$/m },
  'semantic-diff.js': { args: [IMAGE, EARLY], shows: /^the same$/m },
  'slim.js': { args: [SMALL], shows: /^true$/m },
  'stat.js': { args: [IMAGE], shows: /^7\.2\.13-khotest 323 11714560 ok$/m },
  'validate.js': { args: [IMAGE], shows: /^ok \(7\.2\)$/m },
  'whois.js': { args: [IMAGE, '0x60d000'], shows: /^preserved, order 0 fdt$/m },
}

/** Not a program: a module with one function. */
const MODULES = ['buffer-in-buffer-out.js']

const examples = readdirSync(join(ROOT, 'examples'))

beforeAll(() => {
  requireBuild()
  folder = mkdtempSync(join(tmpdir(), 'kho-examples-'))
})

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

describe('examples/', () => {
  it('are all run here', () => {
    expect([...Object.keys(RUNS), ...MODULES].sort()).toEqual([...examples].sort())
  })

  it.each(Object.entries(RUNS))('%s', (name, { args, shows }) => {
    const given = args.map(arg => (arg === 'FOLDER' ? folder : arg))
    const out = execFileSync(process.execPath, [join('examples', name), ...given], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    expect(out).toMatch(shows)
  })

  it('memfds.js writes the bytes', () => {
    expect(readdirSync(folder).length).toBe(3)
    expect(readFileSync(join(folder, 'vm-a-2')).length).toBe(12345)
  })

  it('buffer-in-buffer-out.js gives a device tree', async () => {
    const { rootFdt } = (await import(join(ROOT, 'examples/buffer-in-buffer-out.js'))) as {
      rootFdt(image: ArrayBuffer): Promise<ArrayBuffer>
    }
    const file = readFileSync(join(ROOT, IMAGE))
    const fdt = await rootFdt(file.buffer.slice(file.byteOffset, file.byteOffset + file.length))
    expect(new DataView(fdt).getUint32(0)).toBe(0xd00dfeed)
  })
})

describe('docs/library.md', () => {
  const text = readFileSync(join(ROOT, 'docs/library.md'), 'utf8')

  it('shows programs that are run here, each under 25 lines', () => {
    const shown = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code as string)
    expect(shown).toHaveLength(4)
    const known = new Set(examples.map(name => readFileSync(join(ROOT, 'examples', name), 'utf8')))
    for (const code of shown) {
      expect(known.has(code), code).toBe(true)
      expect(code.split('\n').length - 1).toBeLessThan(25)
    }
  })

  it('names every example', () => {
    for (const name of Object.keys(RUNS)) expect(text).toContain(`../examples/${name}`)
  })
})
