import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT, requireBuild, requireBundle, requirePage } from './built.js'

interface Lock {
  packages: Record<
    string,
    {
      dependencies?: Record<string, string>
      devDependencies?: Record<string, string>
      optionalDependencies?: Record<string, string>
    }
  >
}

let folder = ''
let files: string[] = []
let size = 0

/** `npx` as a user types it, in the folder where the package is installed. */
function npx(...args: string[]): string {
  return execFileSync('npx', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function runScript(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' }).trim()
}

beforeAll(() => {
  requireBuild()
  requireBundle()
  requirePage()
  folder = mkdtempSync(join(tmpdir(), 'kho-package-'))
  // The build is there already, and other tests use it: packing must not make it anew.
  const packed = npm(ROOT, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder)
  const [tarball] = JSON.parse(packed) as [{ filename: string; size: number; files: { path: string }[] }]
  size = tarball.size
  files = tarball.files.map(file => file.path)
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball.filename))
}, 300_000)

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

describe('package-lock.json', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    name: string
    version: string
  }
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock

  it('is of this package', () => {
    expect(lock.packages['']).toMatchObject({ name: manifest.name, version: manifest.version })
  })

  it('names every package that another needs, also those for other platforms: npm ci refuses it otherwise', () => {
    const names = new Set(Object.keys(lock.packages).map(path => path.replace(/^.*node_modules\//, '')))
    const wanted = Object.values(lock.packages).flatMap(entry =>
      Object.keys({ ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies }),
    )
    expect(wanted.filter(name => !names.has(name))).toEqual([])
  })
})

describe('the package, installed from its tarball', () => {
  it('holds what it runs and documents, and nothing of the workshop', () => {
    expect(files).toContain('bin/kho.js')
    expect(files).toContain('dist/kho/kho.cjs')
    expect(files).toContain('dist/kho/licenses.txt')
    expect(files).toContain('dist/src/index.d.ts')
    expect(files).toContain('dist/formats/fdt/index.js')
    expect(files).toContain('docs/cli.md')
    expect(files).toContain('dist/explorer/explorer.html')
    expect(files.filter(file => /^(src|formats|test|fixtures|bench|\.ci)\//.test(file))).toEqual([])
    // The program is in the bundle; what only it needs is not there a second time.
    expect(files.filter(file => /^dist\/src\/(cli|commands|render|explorer)\//.test(file))).toEqual([])
    expect(files.filter(file => /\.map$|\.tsbuildinfo$|\.test\./.test(file))).toEqual([])
  })

  it('is small, and brings along what the library needs', () => {
    expect(size).toBeLessThan(1.5 * 2 ** 20)
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as Lock
    const installed = Object.keys(lock.packages).filter(path => path !== '')
    expect(installed.map(path => path.replace('node_modules/', '')).sort()).toEqual([
      '@noble/hashes',
      'binary-parser',
      'fflate',
      'kho-tools',
      'yaml',
      'zod',
    ])
  })

  it('runs as kho', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(npx('kho', '--version').trim()).toBe(manifest.version)
  })

  it('reads a dump from its command line', () => {
    const image = join(ROOT, 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')
    const ranges = npx('kho', 'pages', image, '--ranges')
    expect(ranges).toMatch(/^(0x[0-9a-f]+-0x[0-9a-f]+ [0-9]+\n)+$/)
  })

  it('writes a page', () => {
    const image = join(ROOT, 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')
    expect(npx('kho', 'report', image, '-o', '-')).toContain('id="image-a"')
  })

  it('is a library', () => {
    const image = join(ROOT, 'fixtures/linux-7.2.basic-1g.s2-early.elf')
    const script = `
      import { loadState } from 'kho-tools'
      import { openImage } from 'kho-tools/node'
      const image = await openImage(${JSON.stringify(image)})
      const state = loadState(image)
      console.log(state.abi, state.root.address.toString(16), state.tracker.state, state.blobs().length)
    `
    expect(runScript('library.js', script)).toBe('kho-v4 60d000 live 4')
  })

  it('reads and writes device trees on their own', () => {
    const script = `
      import { buildFdt, findProperty, parseFdt, stringList } from 'kho-tools/fdt'
      const blob = buildFdt({ properties: { compatible: 'kho-v4' } })
      console.log(stringList(findProperty(parseFdt(blob).root, 'compatible')).join())
    `
    expect(runScript('fdt.js', script)).toBe('kho-v4')
  })

  it('has its codecs on their own', () => {
    const script = `
      import { fdt, layout, trackers } from 'kho-tools/formats'
      console.log(trackers.TRACKER_FORMATS.length > 3, typeof layout.defineStruct, typeof fdt.parseFdt)
    `
    expect(runScript('formats.js', script)).toBe('true function function')
  })

  it('keeps its inside to itself', () => {
    const script = `
      import('kho-tools/dist/src/cli/main.js').catch(error => console.log(error.code))
    `
    expect(runScript('inside.js', script)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })
})
