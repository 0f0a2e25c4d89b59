import { isKhoError } from '../../../formats/error.js'
import { loadState } from '../../image/load-state.js'
import type { KhoImage } from '../../image/open.js'
import type { KhoState } from '../../image/state.js'
import { openBytes } from '../../node/open.js'
import { writeSimulationElf } from '../../simulate/simulate.js'
import type { GridBase } from './base-state.js'
import type { GridCase } from './cases.js'

/** The memory of a case, and the state in it; null where it has none that can be read. */
export interface PatchedState {
  image: KhoImage
  state: KhoState | null
  /** Why there is no state. */
  why: string
}

/** Writes a case into its base, reads it all again, and takes it out. Null: the base as it is. */
export async function patchedState(base: GridBase, row: GridCase | null): Promise<PatchedState> {
  const before = row === null ? null : base.read(row.at, row.bytes.length / 2)
  if (row !== null) base.write(row.at, Buffer.from(row.bytes, 'hex'))
  const bytes = imageBytes(base)
  if (row !== null && before !== null) base.write(row.at, before)
  const { machine } = base.scenario
  const image = await openBytes(bytes, { ram: machine.ram })
  try {
    const { abi } = base
    return { image, state: loadState(image, { root: base.root, abi, pageShift: machine.page_size }), why: '' }
  } catch (error) {
    if (!isKhoError(error)) throw error
    return { image, state: null, why: error.message }
  }
}

function imageBytes({ simulation }: GridBase): Uint8Array {
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  const size = writeSimulationElf(simulation, (bytes, offset) =>
    pieces.push({ bytes: bytes.slice(), offset }),
  )
  const whole = new Uint8Array(size)
  for (const { bytes, offset } of pieces) whole.set(bytes, offset)
  return whole
}
