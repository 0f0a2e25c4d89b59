import { type Blob, checkMemfdFolios } from '../../formats/blobs/index.js'
import type { Fault } from '../../formats/memory/fault.js'
import type { KhoState } from '../image/state.js'
import { describedOf } from '../model/described-index.js'
import { folioListOf } from '../model/folio-list.js'
import { memfdsIn } from '../rules/checks/context.js'

/** Everything that a decoder noticed in a state, folio lists of memfds included. */
export function faultsOf(state: KhoState): Fault[] {
  const ofBlobs = state.blobs().flatMap(blob => [...blob.faults, ...folioFaults(state, blob)])
  return [...state.faults, ...ofBlobs, ...describedOf(state).faults]
}

/** Lists of folios are read when asked for, so the blobs' own faults do not have what is wrong in them. */
function folioFaults(state: KhoState, blob: Blob): Fault[] {
  if (blob.value?.kind !== 'luo') return []
  return memfdsIn(blob.value).flatMap(memfd => {
    const { folios } = folioListOf(state, memfd)
    return checkMemfdFolios(memfd, folios, state.geometry)
  })
}
