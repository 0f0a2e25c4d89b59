import type { Agent } from './agent.js'

/** A session and the tokens of its files. */
export interface SessionWanted {
  /** A byte string. */
  name: string
  tokens: readonly bigint[]
}

/** A file as a guest's user space sees it. */
export interface GuestFile {
  session: string
  token: bigint
  /** Bytes: an off_t, so that what a broken state makes of it can be negative. */
  size: bigint
  /** Hex digest of the contents. */
  sha256: string
  /** File position in bytes: a loff_t. */
  position: bigint
  /** F_SEAL_ mask. */
  seals: number
  /** Runs of [page index, page frame number, pages]. Pages without a frame are in none. */
  frames: [number, number, number][]
}

/** What user space did not get. */
export interface RetrieveFailure {
  session: string
  /** Null where the session itself is what failed. */
  token: bigint | null
  step: 'session' | 'file' | 'contents' | 'finish'
  message: string
}

/** What user space got. */
export interface Retrieved {
  files: GuestFile[]
  failures: RetrieveFailure[]
  /** The guest ended before it was through. */
  cut: boolean
}

/** Takes sessions and files over from the kernel before, as a virtual machine monitor would, and finishes the sessions. */
export async function retrieveAll(agent: Agent, sessions: readonly SessionWanted[]): Promise<Retrieved> {
  const result: Retrieved = { files: [], failures: [], cut: false }
  const ask = async (
    step: RetrieveFailure['step'],
    session: string,
    token: bigint | null,
    ...words: [string, ...(string | bigint)[]]
  ) => {
    const reply = await agent.request(...words)
    if (reply.ok) return reply
    result.cut ||= reply.errno === null
    if (reply.errno !== null) result.failures.push({ session, token, step, message: reply.message })
    return null
  }
  for (const { name, tokens } of sessions) {
    if ((await ask('session', name, null, 'retrieve-session', name)) === null) continue
    for (const token of tokens) {
      if ((await ask('file', name, token, 'retrieve', name, token)) === null) continue
      const described = await ask('contents', name, token, 'describe', name, token)
      const file = described?.values[0]
      if (file !== undefined) result.files.push(guestFile(file))
    }
  }
  for (const { name } of sessions) {
    if (result.failures.some(failure => failure.session === name && failure.step === 'session')) continue
    await ask('finish', name, null, 'finish', name)
  }
  return result
}

/** The agent's description of a file. */
export function guestFile(value: Record<string, unknown>): GuestFile {
  return {
    session: String(value.session),
    token: BigInt(String(value.token)),
    size: BigInt(String(value.size)),
    sha256: String(value.sha256),
    position: BigInt(String(value.position)),
    seals: Number(value.seals),
    frames: value.frames as [number, number, number][],
  }
}
