import { isKhoError } from '../../../formats/error.js'
import { loadState } from '../../image/load-state.js'
import type { KhoImage } from '../../image/open.js'
import type { KhoState } from '../../image/state.js'
import { openBytes } from '../../node/open.js'
import type { GridBase } from './base-state.js'
import type { GridCase } from './cases.js'

/** The memory of a case, and the state in it; null where it has none that can be read. */
export interface PatchedState {
  image: KhoImage
  state: KhoState | null
  /** Why there is no state. */
  why: string
}

/** Reads the memory of a case. Null: of the base as it is. */
export async function patchedState(base: GridBase, row: GridCase | null): Promise<PatchedState> {
  const bytes = base.image.slice()
  const { machine } = base.scenario
  const image = await openBytes(bytes, { ram: machine.ram })
  if (row !== null) {
    const patch = Buffer.from(row.bytes, 'hex')
    const place = image.memory.read(row.at, patch.length)
    if (!place.ok || place.offset === null) throw new Error(`${row.field} is not in the image`)
    bytes.set(patch, place.offset)
  }
  try {
    const { abi } = base
    return { image, state: loadState(image, { root: base.root, abi, pageShift: machine.page_size }), why: '' }
  } catch (error) {
    if (!isKhoError(error)) throw error
    return { image, state: null, why: error.message }
  }
}
