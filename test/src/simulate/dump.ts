import type * as z from 'zod'
import type { KhoImage } from '../../../src/image/open.js'
import { openBytes } from '../../../src/node/open.js'
import { SCENARIO, type Scenario } from '../../../src/scenario/schema.js'
import { type Simulation, writeSimulationElf } from '../../../src/simulate/simulate.js'

/** A scenario from what a file would say. */
export function scenarioOf(input: z.input<typeof SCENARIO>): Scenario {
  return SCENARIO.parse(input)
}

/** A simulation as the bytes of an ELF core. */
export function elfBytes(simulation: Simulation): Uint8Array {
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  const size = writeSimulationElf(simulation, (bytes, offset) =>
    pieces.push({ bytes: bytes.slice(), offset }),
  )
  const whole = new Uint8Array(size)
  for (const { bytes, offset } of pieces) whole.set(bytes, offset)
  return whole
}

/** A simulation, written and opened again. */
export function imageOf(simulation: Simulation): Promise<KhoImage> {
  return openBytes(elfBytes(simulation))
}
