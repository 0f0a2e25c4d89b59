import { createServer, type Socket } from 'node:net'

/** A socket that a guest's QEMU connects to: nothing that it says before we listen is lost. */
export interface Channel {
  path: string
  /** The connection, once; null where none came before the channel was closed. */
  connected: Promise<Socket | null>
  close(): void
}

/** Listens at a path for one connection. */
export async function openChannel(path: string): Promise<Channel> {
  const server = createServer()
  let give: (socket: Socket | null) => void = () => {}
  const connected = new Promise<Socket | null>(resolve => {
    give = resolve
  })
  let socket: Socket | undefined
  server.on('connection', made => {
    if (socket !== undefined) {
      made.destroy()
      return
    }
    socket = made
    // A guest that is ended takes its sockets with it; whoever reads learns of it by the end.
    made.on('error', () => made.destroy())
    give(made)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    path,
    connected,
    close() {
      give(null)
      socket?.destroy()
      server.close()
    },
  }
}
