import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A pair of connected sockets: `ours` for the code under test, `theirs` for the test that plays the other side. */
export interface SocketPair {
  path: string
  ours: Socket
  theirs: Socket
  close(): void
}

/** A socket to listen at, and the first connection to it. */
export async function listen(): Promise<{ path: string; accepted: Promise<Socket>; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'kho-test-'))
  const path = join(folder, 'socket')
  const server: Server = createServer()
  const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
  await new Promise<void>(resolve => server.listen(path, resolve))
  return {
    path,
    accepted,
    close() {
      server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export async function socketPair(): Promise<SocketPair> {
  const { path, accepted, close } = await listen()
  const ours = connect(path)
  const theirs = await accepted
  // As openChannel() has it.
  for (const socket of [ours, theirs]) socket.on('error', () => socket.destroy())
  return {
    path,
    ours,
    theirs,
    close() {
      ours.destroy()
      theirs.destroy()
      close()
    },
  }
}

/** Answers each piece of text that comes by what the table has for it. */
export function play(socket: Socket, answer: (text: string) => string | null): string[] {
  const heard: string[] = []
  socket.on('data', (bytes: Buffer) => {
    const text = bytes.toString('latin1')
    heard.push(text)
    const reply = answer(text)
    if (reply !== null) socket.write(Buffer.from(reply, 'latin1'))
  })
  return heard
}
