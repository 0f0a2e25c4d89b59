import { isKhoError } from '../../formats/error.js'
import { hex } from '../../formats/memory/fault.js'
import { difference } from '../../formats/pages/algebra.js'
import { totals } from '../../formats/pages/page-set.js'
import { loadState, type StateOptions } from '../image/load-state.js'
import type { KhoImage } from '../image/open.js'
import type { KhoState } from '../image/state.js'
import type { Conversion } from './conversion.js'
import { type Loss, loss } from './loss.js'

/** A conversion as an image that is open, without going through a file. */
function conversionImage(state: KhoState, conversion: Pick<Conversion, 'memory'>): KhoImage {
  const { image } = state
  const { memory } = conversion
  const dump = { ...image.dump, container: 'elf', memory, faults: [] }
  return { ...image, container: 'elf', compression: null, dump, memory, ramKnown: memory.ranges }
}

/** What must be said to read the result, because its own bytes do not tell. */
export function howToRead(state: KhoState, conversion: Conversion): Loss[] {
  const image = conversionImage(state, conversion)
  const { root, to } = conversion
  const { pageShift } = state.geometry
  const pageSize = `--page-size ${2 ** (pageShift - 10)}K`
  const tries: [string, StateOptions][] = [
    ['', {}],
    [pageSize, { pageShift }],
    [`--abi ${to}`, { abi: to }],
    [`--abi ${to} ${pageSize}`, { abi: to, pageShift }],
    [`--root ${hex(root)}`, { root }],
    [`--root ${hex(root)} ${pageSize}`, { root, pageShift }],
    [`--root ${hex(root)} --abi ${to}`, { root, abi: to }],
  ]
  const all: [string, StateOptions] = [
    `--root ${hex(root)} --abi ${to} ${pageSize}`,
    { root, abi: to, pageShift },
  ]
  const needed = tries.find(([, options]) => reads(image, options, state, conversion)) ?? all
  const losses = readBack(image, needed[1], conversion)
  if (needed[0] === '') return losses
  const message = `its own bytes do not tell it from others: read it with ${needed[0]}`
  return [...losses, loss('READ-WITH', 'changed', null, message)]
}

/** What a reader finds in the result is what counts: there are formats that lose what they are given. */
function readBack(image: KhoImage, options: StateOptions, { pages }: Conversion): Loss[] {
  const { decode } = loadState(image, options).tracker
  const losses = decode.faults.map(({ code, message }) =>
    loss('FORMAT-FLAW', 'changed', 'tracker', `${code}: ${message}`),
  )
  const missing = totals(difference(pages, decode.pages)).blocks
  const more = totals(difference(decode.pages, pages)).blocks
  if (missing > 0 || more > 0) {
    const message = `read back, ${missing} blocks are not there, and ${more} are that were not preserved`
    losses.push(loss('BLOCKS-LOST', 'lost', 'tracker', message))
  }
  return losses
}

function reads(image: KhoImage, options: StateOptions, state: KhoState, { root, to }: Conversion): boolean {
  try {
    const found = loadState(image, options)
    return (
      found.root.address === root && found.abi === to && found.geometry.pageShift === state.geometry.pageShift
    )
  } catch (error) {
    if (isKhoError(error)) return false
    throw error
  }
}
