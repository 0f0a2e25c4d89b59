import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, bench, describe, expect } from 'vitest'
import { writeElf } from '../formats/dumps/index.js'
import { abiOf } from '../formats/kernels/index.js'
import { geometry } from '../formats/memory/geometry.js'
import { createMemoryBuilder } from '../formats/memory/memory-builder.js'
import { writeState } from '../src/write/state-writer.js'
import { measure } from '../test/measure.js'
import { halfRandom } from './half-random.js'

/*
 * `kho boot --reservations` of 1 TiB of which a random half is preserved: 134 million lines to /dev/null, in a process of its
 * own, within 3 s of processor time and 300 MiB.
 */
const TIB = 2 ** 40
const SECONDS = 3
const MIB = 300

const folder = mkdtempSync(join(tmpdir(), 'kho-bench-'))
const path = join(folder, 'half.elf')
afterAll(() => rmSync(folder, { recursive: true }))

const ROOM = { start: 2 ** 41, end: 2 ** 42 }
const builder = createMemoryBuilder({ geometry: geometry(12), ram: [ROOM] })
const { root } = writeState(builder, { abi: abiOf('kho-v4'), pages: halfRandom(TIB), children: [] })
const pieces: Uint8Array[] = []
const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
writeElf(segments, {}, bytes => pieces.push(bytes.slice()))
writeFileSync(path, Buffer.concat(pieces))

describe('kho boot --reservations, 1 TiB half random', () => {
  bench(
    'to /dev/null',
    () => {
      const cost = measure(['boot', path, '--root', String(root), '--reservations'])
      expect(cost).toMatchObject({ status: 0, stderr: '' })
      console.log(`${(cost.cpu / 1000).toFixed(1)} s, ${cost.rss.toFixed(0)} MiB`)
      expect(cost.cpu / 1000).toBeLessThan(SECONDS)
      expect(cost.rss).toBeLessThan(MIB)
    },
    { iterations: 1, warmupIterations: 0, time: 0, warmupTime: 0 },
  )
})
