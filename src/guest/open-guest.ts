import { statfsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { KhoError } from '../../formats/error.js'
import type { KhoImage } from '../image/open.js'
import { type OpenFileOptions, openImage } from '../node/open.js'
import { reasonOf } from '../node/system-error.js'
import { makeTempFolder } from '../node/temp-folder.js'
import { dumpMemory } from './dump-memory.js'
import { createQmp, type Qmp } from './qmp.js'

/** What the name of an image begins with that is a running guest: `qmp:SOCKET`. */
const PREFIX = 'qmp:'

/** QEMU greets at once; it does not greet while it speaks with somebody else. */
const GREETING_MS = 5000

/**
 * Opens the memory of a running QEMU guest. It is stopped while QEMU writes its memory to a temporary file, unless it was
 * stopped already, and left as it was. The file has no name any more once it is open, and goes with this process.
 *
 * @param name `qmp:SOCKET`
 * @throws KhoError `unreadable` where nothing speaks QMP at the socket, or stops doing so; `missing` where there is no place
 */
export async function openGuest(name: string, options: OpenFileOptions = {}): Promise<KhoImage> {
  const path = name.slice(PREFIX.length)
  const socket = await connected(path)
  const folder = makeTempFolder()
  try {
    const qmp = createQmp(socket)
    await checkGreeting(qmp, path)
    await checkRoom(qmp, folder.path, options.notice)
    const file = join(folder.path, 'memory.elf')
    await dump(qmp, file, path)
    return await openImage(file, { ...options, name })
  } finally {
    socket.destroy()
    folder.remove()
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      // Whoever waits for an answer learns of it by the end.
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
    socket.once('error', error => {
      reject(
        new KhoError('unreadable', `no QEMU at ${path}: ${reasonOf(error)}`, {
          path,
          hint: 'QEMU makes the socket with -qmp unix:PATH,server=on,wait=off',
        }),
      )
    })
  })
}

async function checkGreeting(qmp: Qmp, path: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), GREETING_MS)
  })
  const greeted = await Promise.race([qmp.greeted, late])
  clearTimeout(timer)
  if (greeted === true) return
  const what =
    greeted === null
      ? 'nobody answers; QEMU speaks with one at a time'
      : 'what answers there does not speak QMP'
  throw new KhoError('unreadable', `${PREFIX}${path}: ${what}`, { path })
}

/** Memory that is not asked for: the guest would be stopped for a file that has no place. */
async function checkRoom(qmp: Qmp, folder: string, notice: OpenFileOptions['notice']): Promise<void> {
  const reply = await qmp.execute('query-memory-size-summary')
  if (!reply.ok) return
  const { 'base-memory': memory } = reply.value as { 'base-memory'?: unknown }
  if (typeof memory !== 'number') return
  const { bavail, bsize } = statfsSync(folder)
  const parent = dirname(folder)
  if (bavail * bsize < memory) {
    throw new KhoError(
      'missing',
      `the guest has ${memory} bytes of memory, ${parent} room for ${bavail * bsize}`,
      {
        hint: 'set TMPDIR to a folder with more room',
      },
    )
  }
  notice?.(
    `the guest is stopped while its memory (${memory / 2 ** 20} MiB) goes to a temporary file in ${parent}`,
  )
}

async function dump(qmp: Qmp, file: string, path: string): Promise<void> {
  try {
    await dumpMemory(qmp, file)
  } catch (error) {
    if (!(error instanceof KhoError)) throw error
    throw new KhoError('unreadable', `${PREFIX}${path}: ${error.message}`, {
      path,
      hint: 'QEMU writes the file itself: as its own user, and where that may',
    })
  }
}
