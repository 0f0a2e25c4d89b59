import type { Allocation, FlbSpec, SessionSpec } from '../../formats/blobs/index.js'

/** LUO as it is between boot and reboot. */
export interface LuoModel {
  /** Pages from boot, in the order in which they are written to; null without LUO. */
  boot: { own: Allocation; flbs: Allocation | null; sessions: Allocation | null } | null
  sessions: SessionSpec[]
  flbs: FlbSpec[]
  files: number
}

/** LUO before it is started. */
export function createLuo(): LuoModel {
  return { boot: null, sessions: [], flbs: [], files: 0 }
}
