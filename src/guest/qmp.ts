import type { Socket } from 'node:net'
import { createLineLog } from './line-log.js'

/** QEMU's control connection. docs/interop/qmp-spec.rst of QEMU. */
export interface Qmp {
  /** Runs a command and gives what it returned, or why it did not. */
  execute(command: string, parameters?: Record<string, unknown>): Promise<QmpResult>
  /** True once QEMU has said who it is; false where something else is said first, or nothing before the end. */
  greeted: Promise<boolean>
}

export type QmpResult = { ok: true; value: unknown } | { ok: false; message: string }

interface Message {
  QMP?: unknown
  return?: unknown
  error?: { class: string; desc: string }
  id?: number
}

const GONE: QmpResult = { ok: false, message: 'the connection to QEMU has ended' }

/** Speaks with QEMU over a connection that it has just made. Events are not listened to. */
export function createQmp(socket: Socket): Qmp {
  const log = createLineLog()
  const waiting = new Map<number, (result: QmpResult) => void>()
  let last = 0
  let read = 0
  let ended = false

  let greet: (qemu: boolean) => void = () => {}
  const greeted = new Promise<boolean>(resolve => {
    greet = resolve
  })
  const finish = (id: number, result: QmpResult) => {
    waiting.get(id)?.(result)
    waiting.delete(id)
  }
  socket.on('data', (bytes: Uint8Array) => {
    log.push(bytes)
    for (; read < log.lines.length; read++) {
      const message = parse(log.lines[read]!)
      // Only the first word counts.
      greet(message?.QMP !== undefined)
      if (message?.id === undefined) continue
      finish(
        message.id,
        message.error === undefined
          ? { ok: true, value: message.return }
          : { ok: false, message: message.error.desc },
      )
    }
  })
  socket.on('close', () => {
    ended = true
    greet(false)
    for (const id of [...waiting.keys()]) finish(id, GONE)
  })

  const execute = (command: string, parameters: Record<string, unknown> = {}): Promise<QmpResult> =>
    new Promise(resolve => {
      if (ended) {
        resolve(GONE)
        return
      }
      const id = ++last
      waiting.set(id, resolve)
      socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`)
    })
  // Commands are taken only after this one, which answers the greeting.
  void execute('qmp_capabilities')
  return { execute, greeted }
}

function parse(line: string): Message | null {
  try {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' ? (message as Message | null) : null
  } catch {
    return null
  }
}
