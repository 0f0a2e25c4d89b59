import { type Blob, checkMemfdFolios, type Memfd } from '../../formats/blobs/index.js'
import type { Fault } from '../../formats/memory/fault.js'
import type { KhoState } from '../image/state.js'
import { describedOf } from '../model/described-index.js'
import { folioListOf } from '../model/folio-list.js'

/** Everything that a decoder noticed in a state, folio lists of memfds included. */
export function faultsOf(state: KhoState): Fault[] {
  const ofBlobs = state.blobs().flatMap(blob => [...blob.faults, ...folioFaults(state, blob)])
  return [...state.faults, ...ofBlobs, ...describedOf(state).faults]
}

/** Lists of folios are read when asked for, so the blobs' own faults do not have what is wrong in them. */
function folioFaults(state: KhoState, blob: Blob): Fault[] {
  return memfdsOf(blob).flatMap(memfd => {
    const { folios } = folioListOf(state, memfd)
    return checkMemfdFolios(memfd, folios, state.geometry)
  })
}

/** The memfds of a blob, each once, though several files may name one. */
function memfdsOf(blob: Blob): Memfd[] {
  if (blob.value?.kind !== 'luo') return []
  const files = blob.value.sessions.flatMap(session => session.files)
  return [...new Set(files.map(file => file.memfd).filter(memfd => memfd !== null))]
}
