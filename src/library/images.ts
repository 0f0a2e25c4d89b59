import type { Sink } from '../../formats/dumps/index.js'
import type { Conversion } from '../convert/conversion.js'
import { type ConvertOptions, convertState } from '../convert/convert.js'
import { type DamageChoice, damageState } from '../damage/index.js'
import type { KhoImage } from '../image/open.js'
import type { KhoState } from '../image/state.js'
import { type Simulation, writeSimulationElf, writeSimulationRaw } from '../simulate/simulate.js'
import { planSlim, type SlimOptions, type SlimPlan, writeSlim } from '../slim/slim.js'
import { writeOverlayElf, writeOverlayRaw } from '../write/image-writer.js'
import { toArrayBuffer } from './array-buffer.js'

/** The container of an image that is written: an ELF core with physical addresses, or memory from its first byte on. */
export type WrittenContainer = 'elf' | 'raw'

/** A file in memory. */
export interface WrittenImage {
  bytes: ArrayBuffer
  /** Raw: the physical address of the first byte, which the file does not say. Null for an ELF core, which does. */
  base: number | null
}

/**
 * What matters of an image, as an ELF core that `kho` reads as it does the image.
 *
 * @throws KhoError `no-state` as loadState does, `usage` for a path that leads nowhere
 */
export function slim(
  image: KhoImage,
  options: Omit<SlimOptions, 'version'> = {},
): SlimPlan & { bytes: ArrayBuffer } {
  const plan = planSlim(image, { ...options, version: 'library' })
  return { ...plan, bytes: toArrayBuffer(sink => writeSlim(plan, sink)) }
}

/**
 * An image with its state written in another ABI, and what that ABI could not say.
 *
 * @throws KhoError `broken-state` for a map that is not whole, `cannot-express` for what the ABI cannot say
 */
export function convert(
  state: KhoState,
  options: ConvertOptions & { container?: WrittenContainer },
): Conversion & WrittenImage {
  const { container, ...settings } = options
  const conversion = convertState(state, settings)
  return {
    ...conversion,
    ...written(
      container,
      sink => writeOverlayElf(state.image, conversion, sink),
      sink => writeOverlayRaw(conversion, sink),
    ),
  }
}

/**
 * An image with its state broken, in the ways that rules describe: a line in `done` for each. The image itself stays as it is.
 *
 * @throws KhoError `usage` for a rule that nothing shows, `cannot-express` where the state has no such structure
 */
export function damage(
  state: KhoState,
  choices: readonly DamageChoice[],
  container?: WrittenContainer,
): WrittenImage & { done: string[] } {
  const memory = damageState(state, choices)
  return {
    done: memory.done,
    ...written(
      container,
      sink => writeOverlayElf(state.image, memory, sink),
      sink => writeOverlayRaw(memory, sink),
    ),
  }
}

/** The memory of a simulated machine as a file. */
export function simulationBytes(simulation: Simulation, container: WrittenContainer = 'elf'): WrittenImage {
  return written(
    container,
    sink => writeSimulationElf(simulation, sink),
    sink => writeSimulationRaw(simulation, sink),
  )
}

function written(
  container: WrittenContainer = 'elf',
  elf: (sink: Sink) => number,
  raw: (sink: Sink) => { base: number; size: number },
): WrittenImage {
  if (container === 'elf') return { base: null, bytes: toArrayBuffer(elf) }
  let base = 0
  const bytes = toArrayBuffer(sink => {
    const file = raw(sink)
    base = file.base
    return file.size
  })
  return { base, bytes }
}
