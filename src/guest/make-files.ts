import type { Agent } from './agent.js'
import { GuestFailure } from './guest-failure.js'
import { type GuestFile, guestFile } from './retrieve.js'

/** A memfd to be made and preserved in a guest. */
export interface MemfdPlan {
  session: string
  token: bigint
  /** Bytes. */
  size: number
  /** File position in bytes. */
  position?: number
  /** F_SEAL_ mask. */
  seals?: number
  /** Order of its folios: single pages, or as many as a page table maps. */
  order?: 0 | 9
  contents?: MemfdContents
  /** Runs of pages that are not written: [first page, pages]. */
  holes?: readonly (readonly [number, number])[]
}

/** What a memfd holds, as in scenario files: bytes that a seed decides, a unit over and over, or only room for them. */
export type MemfdContents = { seed: number } | { hex: string } | 'allocated'

const SHMEM_HUGE = '/sys/kernel/mm/transparent_hugepage/shmem_enabled'

/**
 * Makes sessions and memfds in a guest, and preserves them.
 *
 * @returns what user space sees of each, in the order given.
 * @throws GuestFailure with the guest's reason.
 */
export async function makeFiles(
  agent: Agent,
  sessions: readonly string[],
  memfds: readonly MemfdPlan[],
): Promise<GuestFile[]> {
  const ask = async (...words: [string, ...(string | bigint)[]]) => {
    const reply = await agent.request(...words)
    if (!reply.ok) throw new GuestFailure(`the guest cannot do it: ${words[0]}: ${reply.message}`)
    return reply
  }
  let huge = false
  for (const session of new Set([...sessions, ...memfds.map(memfd => memfd.session)])) {
    await ask('session', session)
  }
  const files: GuestFile[] = []
  for (const memfd of memfds) {
    if (huge !== (memfd.order === 9)) {
      huge = !huge
      await ask('write', SHMEM_HUGE, huge ? 'always' : 'never')
    }
    await ask('memfd', memfd.session, memfd.token, ...memfdWords(memfd))
    const { values } = await ask('describe', memfd.session, memfd.token)
    if (values[0] !== undefined) files.push(guestFile(values[0]))
  }
  return files
}

/** `name=value` words, as guest/agent.c reads them. */
export function memfdWords(memfd: MemfdPlan): string[] {
  const { contents = { seed: 0 }, holes = [] } = memfd
  const words = [`size=${memfd.size}`]
  if (memfd.position !== undefined) words.push(`position=${memfd.position}`)
  if (memfd.seals !== undefined) words.push(`seals=${memfd.seals}`)
  if (memfd.order !== undefined) words.push(`order=${memfd.order}`)
  if (contents === 'allocated') words.push('allocate=1')
  else words.push('seed' in contents ? `seed=${contents.seed}` : `hex=${contents.hex}`)
  if (holes.length > 0) words.push(`holes=${holes.map(([first, count]) => `${first}+${count}`).join(',')}`)
  return words
}
