import { bench, describe } from 'vitest'
import { loadState } from '../src/image/load-state.js'
import { openBytes } from '../src/node/open.js'
import { ownershipOf } from '../src/owners/ownership.js'
import { parseScenario } from '../src/scenario/scenario-file.js'
import { simulate, writeSimulationElf } from '../src/simulate/simulate.js'
import { validateState } from '../src/validate/validate.js'

/* Judging a state of 1 TiB, half of its 4K pages preserved at random: 33 MiB of metadata, cold each time. */
const SCENARIO = `
title: half of 1 TiB
machine:
  kernel: '7.2'
  ram: [0-2G, 4G-1040G]
  scratch:
    - { address: 0x38000000, size: 32M }
    - { address: 0x30000000, size: 128M }
    - { address: 0x2c000000, size: 64M }
seed: 5
calls:
  - preserve_random: { range: 4G-1028G, orders: [0], density: 0.5 }
  - kexec
`

const simulation = simulate(parseScenario(SCENARIO, 'half.yaml'), { at: 'kexec' })
const pieces: { bytes: Uint8Array; offset: number }[] = []
const size = writeSimulationElf(simulation, (bytes, offset) => {
  pieces.push({ bytes: bytes.slice(), offset })
})
const file = new Uint8Array(size)
for (const { bytes, offset } of pieces) file.set(bytes, offset)
const image = await openBytes(file)

const OPTIONS = { iterations: 5, warmupIterations: 1, time: 0, warmupTime: 0 }

describe('1 TiB, half random', () => {
  bench('find and load', () => void loadState(image), OPTIONS)
  bench('find, load and validate', () => void validateState(loadState(image)), OPTIONS)
  bench('find, load and index owners', () => void ownershipOf(loadState(image)), OPTIONS)
})
