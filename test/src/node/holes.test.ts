import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rangesCover } from '../../../formats/memory/range.js'
import { loadState } from '../../../src/image/load-state.js'
import { openFileSource } from '../../../src/node/file-source.js'
import { findWritten } from '../../../src/node/holes.js'
import { openImage } from '../../../src/node/open.js'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { simulate, writeSimulationRaw } from '../../../src/simulate/simulate.js'
import { workDirectory } from '../image/open-fixtures.js'

const file = workDirectory()
const MIB = 2 ** 20
const TIB = 2 ** 40

afterEach(() => vi.unstubAllEnvs())

/** Opens a new file of nothing but holes for writing. */
function createSparse(name: string, size: number): { path: string; fd: number } {
  const path = file(name)
  const fd = openSync(path, 'w+')
  ftruncateSync(fd, size)
  return { path, fd }
}

let folders = 0

/** Lets no other program be found but those in a new folder, whose path it gives. */
function emptyPath(): string {
  const folder = file(`bin-${folders++}`)
  mkdirSync(folder)
  vi.stubEnv('PATH', folder)
  return folder
}

/** A file with data at some places, and each place that findWritten() has to cover. */
function withParts(parts: readonly [number, number][]) {
  const { path, fd } = createSparse('parts', 10 * 2 ** 30)
  for (const [at, length] of parts) writeSync(fd, new Uint8Array(length).fill(7), 0, length, at)
  return { path, fd }
}

const PARTS: readonly [number, number][] = [
  [0, 1],
  [3 * 2 ** 30 - 5, 10],
  [7 * 2 ** 30, 70_000],
  [10 * 2 ** 30 - 1, 1],
]

describe('holes of a file', () => {
  const programs = [
    ['perl', '/usr/bin/perl'],
    ['python3', '/usr/bin/python3'],
    ['filefrag', '/usr/sbin/filefrag'],
  ] as const

  it.each(programs)('are told by %s, where it is there', (name, path) => {
    const { fd } = withParts(PARTS)
    const folder = emptyPath()
    symlinkSync(path, join(folder, name))
    const found = findWritten(fd, 10 * 2 ** 30)
    closeSync(fd)
    if (found === null) return expect.soft(name).not.toBe('perl')
    for (const [at, length] of PARTS) expect(rangesCover(found, at, at + length)).toBe(true)
    expect(found.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThan(2 * MIB)
  })

  it('are not known without any of the programs', () => {
    const { fd } = withParts(PARTS)
    emptyPath()
    expect(findWritten(fd, 10 * 2 ** 30)).toBe(null)
    closeSync(fd)
  })

  it.each(['exit 1', 'echo 0 4096; exit 1', 'echo nonsense', 'echo 0 99999999999999999999', 'echo 4096'])(
    'are not known of a program that does %s',
    script => {
      const { fd } = withParts(PARTS)
      const folder = emptyPath()
      writeFileSync(join(folder, 'perl'), `#!/bin/sh\n${script}\n`)
      chmodSync(join(folder, 'perl'), 0o755)
      expect(findWritten(fd, 10 * 2 ** 30)).toBe(null)
      closeSync(fd)
    },
  )

  it('are asked for of sparse files alone, and read as zeros', () => {
    const { path, fd } = withParts(PARTS)
    closeSync(fd)
    const source = openFileSource(path)
    expect(source.written?.()).not.toBe(null)
    expect([...source.read(4 * 2 ** 30, 3)]).toEqual([0, 0, 0])
    expect([...source.read(3 * 2 ** 30 - 6, 3)]).toEqual([0, 7, 7])
    source.close()
    const full = openFileSource(file('full', new Uint8Array(MIB)))
    expect(full.written).toBe(undefined)
    full.close()
  })
})

describe('a memory over a sparse file', () => {
  it('gives what was written, whatever piece of the file is which memory, and all where all is asked for', async () => {
    const { path, fd } = createSparse('mapped', 2 ** 29)
    const place = fc.integer({ min: 0, max: 2 ** 29 / 4096 - 1 }).map(page => page * 4096)
    const places = fc.sample(fc.uniqueArray(place, { minLength: 5, maxLength: 9 }), {
      numRuns: 1,
      seed: 5,
    })[0]!
    for (const at of places) writeSync(fd, Uint8Array.of(1, 2, 3), 0, 3, at)
    closeSync(fd)
    const half = 2 ** 28
    const map = [
      { phys: 2 ** 32, offset: 0, length: half },
      { phys: 4096, offset: half, length: half },
    ]
    const { memory, close } = await openImage(path, { format: 'raw', map })
    const written = Array.from(memory.blocks('written'), block => ({ ...block, bytes: block.bytes.slice() }))
    const bytes = written.reduce((sum, block) => sum + block.bytes.length, 0)
    expect(bytes).toBe(memory.writtenBytes?.())
    expect(bytes).toBeLessThan(16 * MIB)
    for (const at of places) {
      const phys = at < half ? 2 ** 32 + at : 4096 + at - half
      const block = written.find(each => each.phys <= phys && phys < each.phys + each.bytes.length)
      expect([...block!.bytes.subarray(phys - block!.phys, phys - block!.phys + 3)]).toEqual([1, 2, 3])
      expect(block!.offset! + phys - block!.phys).toBe(at)
    }
    let all = 0
    for (const block of memory.blocks()) all += block.bytes.length
    expect(all).toBe(2 ** 29)
    expect(memory.present?.()).toEqual([
      { start: 4096, end: 4096 + half },
      { start: 2 ** 32, end: 2 ** 32 + half },
    ])
    close()
  })

  it('has its state found in 8 TiB, of which nothing else is read', async () => {
    const scenario = parseScenario(`machine:
  kernel: '7.2'
  ram: [0-8T]
  scratch: [{ address: 48M, size: 4M }]
calls:
  - reserve_mem: { name: trace, size: 64K }
  - luo_session: { name: vm, memfds: [{ token: 1, size: 12345, contents: { seed: 1 } }] }
  - kexec
`)
    const simulation = simulate(scenario)
    const { path, fd } = createSparse('large', 8 * TIB)
    writeSimulationRaw(simulation, (bytes, offset) => {
      writeSync(fd, bytes, 0, bytes.length, offset)
    })
    closeSync(fd)
    const image = await openImage(path)
    let most = 0
    const state = loadState(image, {
      progress(done, total) {
        most = Math.max(most, total)
        expect(done).toBeLessThanOrEqual(total)
      },
    })
    expect(state.root.address).toBe(simulation.root)
    expect(most).toBeLessThan(16 * MIB)
    image.close()
  })
})
