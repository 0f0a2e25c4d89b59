import { expect, it } from 'vitest'
import type { ScratchArea } from '../../../formats/handoff/scratch.js'
import type { Block, PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { encodeScratchArray } from '../../../src/replay/handed-over.js'
import { findStagedScratch } from '../../../src/replay/staged-scratch.js'

const MIB = 2 ** 20
const RAM = [{ start: 0, end: 512 * MIB }]
const AREAS = [
  { start: 384 * MIB, size: 48 * MIB },
  { start: 256 * MIB, size: 64 * MIB },
]
const ARRAY = { address: 384 * MIB + 65536, size: 32 }
const memoryOf = (blocks: readonly Block[]): PhysicalMemory => ({
  ranges: RAM,
  inputSize: 0,
  read: phys => ({ ok: false, reason: 'excluded', address: phys }),
  blocks: () => blocks,
})
const at = (phys: number, areas: readonly ScratchArea[]) => ({
  phys,
  bytes: encodeScratchArray(areas),
  offset: null,
})
const find = (pieces: readonly Block[], kept = [{ start: 0, end: MIB }]) =>
  findStagedScratch(memoryOf(pieces), ARRAY, RAM, kept)

it('finds the areas in the copies that wait to be put in place', () => {
  expect(find([at(4 * MIB, AREAS)])).toEqual(AREAS)
  expect(find([at(4 * MIB, AREAS), at(6 * MIB, AREAS)])).toEqual(AREAS)
})

it.each([
  ['inside a page', [at(4 * MIB + 64, AREAS)]],
  ['outside RAM', [at(4 * MIB, [AREAS[0]!, { start: 500 * MIB, size: 64 * MIB }])]],
  ['that do not hold the array', [at(4 * MIB, [{ start: 100 * MIB, size: MIB }, AREAS[1]!])]],
  ['that overlap', [at(4 * MIB, [AREAS[0]!, { start: 400 * MIB, size: 64 * MIB }])]],
  [
    'that are two different ones',
    [at(4 * MIB, AREAS), at(6 * MIB, [AREAS[0]!, { start: 64 * MIB, size: MIB }])],
  ],
])('takes none for the array %s', (_name, pieces) => {
  expect(find(pieces)).toBeNull()
})

it('takes none that has something preserved in it', () => {
  expect(find([at(4 * MIB, AREAS)], [{ start: 257 * MIB, end: 258 * MIB }])).toBeNull()
})
