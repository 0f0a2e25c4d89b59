import type { Socket } from 'node:net'
import { createLineLog, type LineLog } from './line-log.js'

/** The agent in a guest, at the other end of its serial port. guest/agent.c says what may be asked. */
export interface Agent {
  /** The release of the kernel that it came up in, each time it does; null where the guest ends before. */
  ready(): Promise<string | null>
  /** Asks, one request after the other. */
  request(verb: string, ...words: (string | number | bigint)[]): Promise<AgentReply>
  /** Asks for the jump to the next kernel: answers only where that fails, or the guest ends. */
  jump(): Promise<AgentReply>
  /** Everything it said. */
  readonly log: LineLog
}

export type AgentReply =
  | { ok: true; values: Record<string, unknown>[]; bytes: Uint8Array }
  /** `errno` is null where the guest ended before it answered. */
  | { ok: false; errno: number | null; message: string }

const GONE: AgentReply = { ok: false, errno: null, message: 'the guest ended' }

/** Speaks with the agent over a connection to its serial port. */
export function createAgent(socket: Socket): Agent {
  const log = createLineLog()
  socket.on('data', (bytes: Uint8Array) => log.push(bytes))
  socket.on('close', () => log.end())
  let next = 0
  let turn: Promise<unknown> = Promise.resolve()

  const reply = async (): Promise<AgentReply> => {
    const end = await log.waitFor(/^(ok$|error (\d+) (.*)$)/, next)
    const lines = log.lines.slice(next, end?.index)
    next = end === null ? log.lines.length : end.index + 1
    if (end === null) return GONE
    if (end.match[2] !== undefined)
      return { ok: false, errno: Number(end.match[2]), message: end.match[3] ?? '' }
    return readReply(lines)
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result
    return result
  }
  const ask = (words: readonly string[]) =>
    inTurn(() => {
      socket.write(`${words.map(encodeWord).join(' ')}\n`)
      return reply()
    })
  return {
    log,
    ready: () =>
      inTurn(async () => {
        const greeting = await log.waitFor(/^\{"ready":"([^"]*)"\}$/, next)
        if (greeting === null) return null
        next = greeting.index + 1
        await reply()
        return greeting.match[1]!
      }),
    request: (verb, ...words) => ask([verb, ...words.map(String)]),
    jump: () => {
      socket.write('jump\n')
      const from = next
      return log.waitFor(/^error (\d+) (.*)$|^\{"ready"/, from).then(found => {
        if (found === null) return GONE
        if (found.match[1] === undefined) return { ok: true, values: [], bytes: new Uint8Array() }
        return { ok: false, errno: Number(found.match[1]), message: found.match[2] ?? '' }
      })
    },
  }
}

/**
 * Words are byte strings. Everything but plain printable ASCII goes as %XX: a word is one word, a line one line. A word
 * without bytes would be none.
 */
function encodeWord(word: string): string {
  if (word === '') return '%_'
  return [...Buffer.from(word, 'latin1')]
    .map(byte =>
      byte > 0x20 && byte < 0x7f && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0')}`,
    )
    .join('')
}

function readReply(lines: readonly string[]): AgentReply {
  const values: Record<string, unknown>[] = []
  const pieces: Buffer[] = []
  for (const line of lines) {
    if (line.startsWith('=')) {
      pieces.push(Buffer.from(line.slice(1), 'base64'))
      continue
    }
    const value = parseObject(line)
    if (value !== null) values.push(value)
  }
  return { ok: true, values, bytes: Buffer.concat(pieces) }
}

function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
