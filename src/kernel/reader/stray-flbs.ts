import { flbCapacity } from '../../../formats/blobs/luo-flb.js'
import { LUO_FLB_HEADER_SER, LUO_FLB_SER } from '../../../formats/layout/index.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import type { KhoState } from '../../image/state.js'
import { forEachOrphanBlock } from '../../owners/algebra.js'
import { ownershipOf } from '../../owners/ownership.js'

/** Names of objects, which end in a NUL. */
const NAME = /^[!-~]{1,47}$/
/** Blocks without an owner that are looked at. */
const MOST_LOOKED_AT = 4096

/** Names of the objects in a list that is preserved, and that nothing leads to; none where there is no such list. */
export function strayFlbs(state: KhoState): string[] {
  const { tracker, image, geometry } = state
  let looked = 0
  let names: string[] = []
  forEachOrphanBlock(tracker.decode.pages, ownershipOf(state), (address, order) => {
    if (order === 0) names = namesAt(image.memory, address, geometry.pageSize)
    return names.length === 0 && ++looked < MOST_LOOKED_AT
  })
  return names
}

/** What a page names, if it is one of luo_flb_setup_outgoing(): it counts itself as 1, and holds objects with names. */
function namesAt(memory: PhysicalMemory, address: number, pageSize: number): string[] {
  const page = memory.read(address, pageSize)
  if (!page.ok) return []
  const { pgcnt, count } = LUO_FLB_HEADER_SER.read(page.bytes)
  if (pgcnt !== 1n || count === 0n || count > flbCapacity(pageSize)) return []
  const names = Array.from({ length: Number(count) }, (_, n) => {
    const start = LUO_FLB_HEADER_SER.size + n * LUO_FLB_SER.size
    return LUO_FLB_SER.read(page.bytes.subarray(start, start + LUO_FLB_SER.size)).name
  })
  return names.every(name => NAME.test(name)) ? names : []
}
