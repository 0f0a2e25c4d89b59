import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KHO, ROOT, requireBuild, requireBundle } from './built.js'
import { writeLarge } from './large.js'

const IMAGE = join(ROOT, 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')

/** Parts of Node that take milliseconds to load. */
const HEAVY = [
  'node:tty',
  'node:net',
  'node:stream',
  'node:crypto',
  'node:zlib',
  'node:child_process',
  'node:worker_threads',
]

/** Says on the last line of standard output which files and which parts of Node a command line loaded. */
const HOOK = `
  const { builtinModules } = require('node:module')
  const vm = require('node:vm')
  const files = []
  vm.Script = class extends vm.Script {
    constructor(source, options) {
      super(source, options)
      files.push(options.filename)
    }
  }
  const before = new Set(process.moduleLoadList)
  process.on('exit', () => {
    const native = process.moduleLoadList.filter(name => !before.has(name)).map(name => name.replace('NativeModule ', 'node:'))
    require('node:fs').writeSync(1, '\\n' + JSON.stringify({ files, native: native.filter(name => builtinModules.includes(name.slice(5))) }))
  })`

/** A disk that is no faster than this. */
const SLOW = `
  const fs = require('node:fs')
  const { readSync } = fs
  fs.readSync = (...args) => {
    const end = performance.now() + (args[3] >= 2 ** 17 ? 1 : 0)
    while (performance.now() < end);
    return readSync(...args)
  }
  require('node:module').syncBuiltinESMExports()`

let folder = ''

interface Loaded {
  /** Files of the bundle, without the marks of their contents. */
  files: string[]
  native: string[]
  stdout: string
}

function loadedBy(...args: string[]): Loaded {
  return loadedFrom([KHO], args)
}

function loadedFrom(start: readonly string[], args: readonly string[]): Loaded {
  const hook = join(folder, 'hook.cjs')
  const out = execFileSync(process.execPath, ['--require', hook, ...start, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  const end = out.lastIndexOf('\n')
  const { files, native } = JSON.parse(out.slice(end + 1)) as Loaded
  return {
    files: files.map(file => basename(file).replace(/(-[\w-]{8})?\.cjs$/, '')).sort(),
    native,
    stdout: out.slice(0, end),
  }
}

beforeAll(() => {
  requireBuild()
  requireBundle()
  folder = mkdtempSync(join(tmpdir(), 'kho-bundle-'))
  writeFileSync(join(folder, 'hook.cjs'), HOOK)
})

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

describe('the bundle', () => {
  it('is one file for what needs no image', () => {
    const { files, native } = loadedBy('--version')
    expect(files).toEqual(['kho', 'rolldown-runtime'])
    expect(native.filter(name => HEAVY.includes(name))).toEqual([])
  })

  it('lists pages without schemas, scenarios, rules, streams, sockets and child processes', () => {
    const { files, native } = loadedBy('pages', IMAGE)
    expect(files).toContain('core')
    expect(files).toContain('pages')
    expect(files.length).toBeLessThan(12)
    expect(files.filter(file => /zod|yaml|scenario|schema|catalogue|zstd|kdump/.test(file))).toEqual([])
    expect(native.filter(name => HEAVY.includes(name))).toEqual([])
  })

  it('looks through a large image with a thread for each processor, where that takes long', () => {
    const large = join(folder, 'large')
    writeLarge(large)
    const slow = join(folder, 'slow.cjs')
    writeFileSync(slow, SLOW)
    const expected = loadedBy('pages', IMAGE).stdout
    const one = execFileSync('taskset', ['-c', '0', process.execPath, '--require', slow, KHO, 'pages', large])
    expect(one.toString()).toBe(expected)
    // As it was compiled is how the library is used.
    for (const start of [KHO, join(ROOT, 'dist/src/cli/start.js')]) {
      const { stdout, native } = loadedFrom(['--require', slow, start], ['pages', large])
      expect(stdout).toBe(expected)
      expect(native.includes('node:worker_threads')).toBe(availableParallelism() > 1)
    }
    const piped = execFileSync('sh', ['-c', `cat '${large}' | '${process.execPath}' '${KHO}' pages -`])
    expect(piped.toString()).toBe(expected)
  })

  it('judges without schemas and scenarios', () => {
    const { files, native } = loadedBy('validate', IMAGE)
    expect(native.filter(name => HEAVY.includes(name))).toEqual([])
    expect(files).toContain('validate')
    expect(files.filter(file => /zod|yaml|scenario|schema/.test(file))).toEqual([])
  })

  it('needs no package beside it', () => {
    const alone = join(folder, 'alone')
    for (const path of ['bin', 'dist/kho', 'package.json']) {
      cpSync(join(ROOT, path), join(alone, path), { recursive: true })
    }
    const run = (...args: string[]) =>
      execFileSync(process.execPath, [join(alone, 'bin/kho.js'), ...args], { encoding: 'utf8' })
    expect(run('hex', IMAGE, 'fdt')).toContain('compatible')
    expect(run('schema', 'pages')).toContain('kho/pages/1')
    expect(run('pages', IMAGE)).toMatch(/^0x[0-9a-f]+ \d+\n/)
  })

  it('starts through a link, as npm installs it', () => {
    const link = join(folder, 'kho')
    symlinkSync(KHO, link)
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(execFileSync(process.execPath, [link, '--version'], { encoding: 'utf8' }).trim()).toBe(version)
  })

  it('keeps compiled code between runs, for this build and Node alone', () => {
    const cache = join(folder, 'kept')
    const code = join(cache, 'kho-tools/code')
    // Node says of a script whether V8 took what was kept of it.
    const hook = join(folder, 'kept.cjs')
    writeFileSync(
      hook,
      `const vm = require('node:vm')
      const taken = []
      vm.Script = class extends vm.Script {
        constructor(source, options) {
          super(source, options)
          taken.push(options.cachedData !== undefined && !this.cachedDataRejected)
        }
      }
      process.on('exit', () => require('node:fs').writeSync(2, JSON.stringify(taken)))`,
    )
    const taken = (...node: string[]): boolean[] => {
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [...node, '--require', hook, KHO, 'pages', IMAGE],
        { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: cache } },
      )
      expect(stdout).toMatch(/^0x[0-9a-f]+ \d+\n/)
      expect(status).toBe(0)
      return JSON.parse(stderr) as boolean[]
    }
    expect(new Set(taken())).toEqual(new Set([false]))
    expect(new Set(taken())).toEqual(new Set([true]))
    expect(readdirSync(code)).toEqual(['pages'])
    expect(statSync(code).mode & 0o777).toBe(0o700)

    // Cut off, of another build, of another V8, not to be written, others': compiled again without a word.
    const kept = readFileSync(join(code, 'pages'))
    writeFileSync(join(code, 'pages'), kept.subarray(0, 1000))
    expect(new Set(taken())).toEqual(new Set([false]))
    expect(new Set(taken())).toEqual(new Set([true]))
    const other = Buffer.from(kept.toString('latin1').replace(process.version, 'v20.0.00'), 'latin1')
    writeFileSync(join(code, 'pages'), other)
    expect(new Set(taken())).toEqual(new Set([false]))
    expect(new Set(taken('--no-lazy'))).toEqual(new Set([false]))
    expect(new Set(taken('--no-lazy'))).toEqual(new Set([true]))
    chmodSync(code, 0o777)
    expect(new Set(taken())).toEqual(new Set([false]))
    rmSync(cache, { recursive: true })
    writeFileSync(cache, 'no folder')
    expect(new Set(taken())).toEqual(new Set([false]))
  })

  it('says whose code it holds, under which licence', () => {
    const text = readFileSync(join(ROOT, 'dist/kho/licenses.txt'), 'utf8')
    for (const name of ['commander', 'zod', 'yaml', 'hexy', 'cli-table3', 'picocolors']) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|ISC)\\)$`, 'm'))
    }
  })
})
