import { GuestFailure } from './guest-failure.js'
import type { Qmp } from './qmp.js'

/** Instructions that a guest with `counted` has run. Unlike any clock of it, this stands still while it is stopped. */
export async function instructionsSoFar(qmp: Qmp): Promise<number> {
  const answer = await qmp.execute('query-replay')
  const count = answer.ok ? (answer.value as { icount?: unknown }).icount : null
  if (typeof count !== 'number') throw new GuestFailure('QEMU does not say how many instructions have run')
  return count
}
