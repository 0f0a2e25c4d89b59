import { createHash } from 'node:crypto'
import { isKhoError } from '../../formats/error.js'
import { planExtract, writeContents } from '../extract/extract.js'
import type { KhoState } from '../image/state.js'
import { resolve } from '../model/resolve.js'

/** Hex SHA-256 of the contents of each file in a state, by {@link digestKey}; files whose contents are not whole are left out. */
export function fileDigests(state: KhoState): Map<string, string> {
  const digests = new Map<string, string>()
  for (const { value } of state.blobs()) {
    if (value?.kind !== 'luo') continue
    for (const session of value.sessions) {
      for (const file of session.files) {
        const digest = file.memfd === null ? null : digestOf(state, file.path)
        if (digest !== null) digests.set(digestKey(session.name, file.token), digest)
      }
    }
  }
  return digests
}

/** Names a file of a session. */
export function digestKey(session: string, token: bigint): string {
  return `${session}/${token}`
}

/** A broken size can make a file of mere holes as long as numbers go; a guest would be as long at reading it. */
const MOST_BYTES = 2 ** 31

const ZEROS = new Uint8Array(1 << 16)

/** Holes count as zeros, as user space reads them. Null where bytes are missing, or there are no contents to speak of. */
function digestOf(state: KhoState, path: string): string | null {
  try {
    const plan = planExtract(state, resolve(state, path))
    if (plan.missingBytes > 0 || plan.incomplete !== null || plan.size > MOST_BYTES) return null
    const hash = createHash('sha256')
    let at = 0
    const fill = (end: number) => {
      for (; at < end; at += Math.min(ZEROS.length, end - at)) {
        hash.update(ZEROS.subarray(0, Math.min(ZEROS.length, end - at)))
      }
    }
    writeContents(state, plan, (bytes, offset) => {
      fill(offset)
      hash.update(bytes)
      at = offset + bytes.length
    })
    fill(plan.size)
    return hash.digest('hex')
  } catch (error) {
    if (isKhoError(error)) return null
    throw error
  }
}
