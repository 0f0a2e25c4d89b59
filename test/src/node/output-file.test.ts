import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openOutputFile } from '../../../src/node/output-file.js'
import { packedByName } from '../../../src/node/packed-output.js'

let folder = ''
const at = (name: string) => join(folder, name)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-output-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const text = (value: string) => new TextEncoder().encode(value)
/** More than is held in memory. */
const LARGE = 5 * 2 ** 20

function write(path: string, content: Uint8Array, inputs: readonly string[] = []): void {
  const file = openOutputFile(path, inputs)
  try {
    file.write(content, 0)
    file.finish(content.length)
  } finally {
    file.close()
  }
}

describe('an output file', () => {
  it.each([10, LARGE])('of %d bytes appears whole, and nothing beside it', size => {
    const bytes = new Uint8Array(size).fill(7)
    const file = openOutputFile(at('out'), [])
    file.write(bytes, 4096)
    expect(existsSync(at('out'))).toBe(false)
    file.finish(size + 8192)
    file.close()
    expect(readdirSync(folder)).toEqual(['out'])
    const made = readFileSync(at('out'))
    expect(made.length).toBe(size + 8192)
    expect(made.subarray(4096, 4096 + size).equals(bytes)).toBe(true)
    expect(made.subarray(4096 + size).every(byte => byte === 0)).toBe(true)
  })

  it.each([10, LARGE])('of %d bytes that is given up leaves the old one', size => {
    writeFileSync(at('out'), 'old')
    const file = openOutputFile(at('out'), [])
    file.write(new Uint8Array(size), 0)
    file.close()
    expect(readdirSync(folder)).toEqual(['out'])
    expect(readFileSync(at('out'), 'utf8')).toBe('old')
  })

  it('keeps the mode of the file that it replaces', () => {
    writeFileSync(at('out'), 'old')
    chmodSync(at('out'), 0o640)
    write(at('out'), text('new'))
    expect(statSync(at('out')).mode & 0o777).toBe(0o640)
    expect(readFileSync(at('out'), 'utf8')).toBe('new')
  })

  it('follows a link, also to where nothing is yet, and leaves it a link', () => {
    mkdirSync(at('far'))
    symlinkSync('far/real', at('link'))
    for (const content of ['one', 'two']) {
      write(at('link'), text(content))
      expect(readFileSync(at('far/real'), 'utf8')).toBe(content)
      expect(readlinkSync(at('link'))).toBe('far/real')
    }
    expect(readdirSync(at('far'))).toEqual(['real'])
    symlinkSync('round', at('round'))
    expect(() => openOutputFile(at('round'), [])).toThrow(expect.objectContaining({ code: 'missing' }))
  })

  it('has as long a name as any file', () => {
    const name = 'ä'.repeat(127)
    write(at(name), text('x'))
    expect(readdirSync(folder)).toEqual([name])
  })

  it('is written as it comes where it is a pipe or a device', () => {
    execFileSync('mkfifo', [at('pipe')])
    const script = `cat ${at('pipe')} > ${at('copy')} & echo $!`
    execFileSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'ignore'] })
    const file = openOutputFile(at('pipe'), [])
    file.write(text('ab'), 2)
    file.finish(6)
    file.close()
    const end = Date.now() + 5000
    while (statSync(at('copy')).size < 6 && Date.now() < end);
    expect([...readFileSync(at('copy'))]).toEqual([0, 0, 97, 98, 0, 0])
    expect(statSync(at('pipe')).isFIFO()).toBe(true)
    expect(() => write('/dev/full', text('x'))).toThrow(expect.objectContaining({ code: 'missing' }))
  })
})

describe('an input', () => {
  it('is never an output, whatever leads there', () => {
    mkdirSync(at('debugfs/out'), { recursive: true })
    writeFileSync(at('image'), 'image')
    writeFileSync(at('debugfs/out/fdt'), 'fdt')
    linkSync(at('image'), at('hard'))
    symlinkSync('image', at('soft'))
    symlinkSync('debugfs/out', at('folder'))
    symlinkSync('debugfs/out/fdt', at('file'))
    const inputs = [at('image'), at('debugfs')]
    const names = [
      'image',
      'hard',
      'soft',
      'debugfs/out/fdt',
      'debugfs/new',
      'folder/fdt',
      'folder/new',
      'file',
    ]
    for (const name of names) {
      expect(() => openOutputFile(at(name), inputs), name).toThrow(expect.objectContaining({ code: 'usage' }))
    }
    write(at('debugfs-other'), text('fine'), inputs)
    expect(readFileSync(at('image'), 'utf8')).toBe('image')
  })

  it.each([
    ['a directory', '.', 'usage', 'is a directory'],
    ['a place that is not there', 'no/such/file', 'missing', 'ENOENT'],
    ['a file as a folder', 'image/file', 'missing', 'ENOTDIR'],
  ])('%s is refused before any work', (_what, name, code, message) => {
    writeFileSync(at('image'), 'image')
    expect(() => openOutputFile(at(name), [])).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})

describe('a name that promises compression', () => {
  it('is kept to: holes and all', () => {
    const path = at('x.gz')
    const file = packedByName(path, () => openOutputFile(path, []))
    file.write(text('begin'), 3)
    file.write(text('end'), 40 * 2 ** 20)
    file.finish(41 * 2 ** 20)
    file.close()
    const plain = gunzipSync(readFileSync(path))
    expect(plain.length).toBe(41 * 2 ** 20)
    expect(plain.subarray(3, 8).toString()).toBe('begin')
    expect(
      plain
        .subarray(40 * 2 ** 20)
        .subarray(0, 3)
        .toString(),
    ).toBe('end')
    expect(plain.reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0)).toBe(8)
  })
})
