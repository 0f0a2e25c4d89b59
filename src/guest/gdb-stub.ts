import { connect, type Socket } from 'node:net'
import { KhoError } from '../../formats/error.js'

/**
 * QEMU's gdb stub, as far as it takes to stop a guest at an address. Remote serial protocol: "Remote Protocol" in the
 * manual of GDB.
 */
export interface GdbStub {
  /** Stops the guest when it is about to run the instruction at a virtual address. */
  setBreakpoint(address: bigint): Promise<boolean>
  clearBreakpoint(address: bigint): Promise<boolean>
  /** Bytes at a virtual address of a guest that is stopped; null where there is no memory. */
  readVirtual(address: bigint, length: number): Promise<Uint8Array | null>
  writeVirtual(address: bigint, bytes: Uint8Array): Promise<boolean>
  /** Writes to physical memory of a guest that is stopped. */
  writePhysical(address: number, bytes: Uint8Array): Promise<boolean>
  /** Lets the guest run until it stops by itself; false where it ended instead. */
  resume(): Promise<boolean>
  /** Lets the guest run on its own, without breakpoints, and ends the connection. */
  detach(): Promise<void>
  /** Ends the connection, and leaves the guest as it is: stopped, for another debugger. */
  leave(): void
}

/**
 * Connects to a stub, which stops the guest.
 *
 * @throws KhoError `missing` where nobody listens.
 */
export async function connectGdb(path: string): Promise<GdbStub> {
  const socket = await dial(path)
  const packets = createPackets(socket)
  const ask = (text: string) => packets.ask(text, /^(OK|E[0-9a-f]{2}|)$/i)
  const write = async (address: bigint, bytes: Uint8Array) => {
    const hex = Buffer.from(bytes).toString('hex')
    return (await ask(`M${address.toString(16)},${bytes.length.toString(16)}:${hex}`)) === 'OK'
  }
  return {
    // A hardware breakpoint also works at an address that is not mapped yet, as the next kernel's are not.
    setBreakpoint: async address => (await ask(`Z1,${address.toString(16)},1`)) === 'OK',
    clearBreakpoint: async address => (await ask(`z1,${address.toString(16)},1`)) === 'OK',
    readVirtual: async (address, length) => {
      const reply = await packets.ask(`m${address.toString(16)},${length.toString(16)}`, /^([0-9a-f]*)$/i)
      return reply === null || reply.length !== length * 2 ? null : Buffer.from(reply, 'hex')
    },
    writeVirtual: write,
    writePhysical: async (address, bytes) => {
      // An extension of QEMU's: addresses of M are physical until it is set to 0 again.
      if ((await ask('Qqemu.PhyMemMode:1')) !== 'OK') return false
      const written = await write(BigInt(address), bytes)
      return (await ask('Qqemu.PhyMemMode:0')) === 'OK' && written
    },
    resume: async () => {
      const reply = await packets.ask('c', /^[TSWX]/)
      return reply !== null && /^[TS]/.test(reply)
    },
    detach: async () => {
      await ask('D')
      socket.destroy()
    },
    leave: () => socket.destroy(),
  }
}

function dial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
    socket.once('error', error => {
      reject(new KhoError('missing', `QEMU's gdb stub does not answer: ${error.message}`))
    })
  })
}

interface Packets {
  /**
   * Sends a packet and gives the next one that can be its answer; null where the connection ends before. Others are
   * passed over: that the guest has stopped because we connected is told to us, too.
   */
  ask(text: string, answers: RegExp): Promise<string | null>
}

/** Frames: `$text#cc`, acknowledged by `+`. Only one request is on its way at a time. */
function createPackets(socket: Socket): Packets {
  let pending = ''
  let waiting: { answers: RegExp; resolve: (text: string | null) => void } | null = null
  let ended = false
  const give = (text: string | null) => {
    if (waiting === null || (text !== null && !waiting.answers.test(text))) return
    const { resolve } = waiting
    waiting = null
    resolve(text)
  }
  socket.on('data', (bytes: Buffer) => {
    pending += bytes.toString('latin1')
    for (;;) {
      const found = /^[^$]*\$([^#]*)#[0-9a-f]{2}/i.exec(pending)
      if (found === null) return
      pending = pending.slice(found[0].length)
      socket.write('+')
      give(found[1]!)
    }
  })
  socket.on('close', () => {
    ended = true
    give(null)
  })
  return {
    ask: (text, answers) =>
      new Promise(resolve => {
        if (ended) {
          resolve(null)
          return
        }
        waiting = { answers, resolve }
        socket.write(framePacket(text))
      }),
  }
}

/** A packet with its checksum: the sum of its bytes modulo 256, in two hex digits. */
export function framePacket(text: string): string {
  const sum = [...text].reduce((total, character) => total + character.charCodeAt(0), 0) % 256
  return `$${text}#${sum.toString(16).padStart(2, '0')}`
}
