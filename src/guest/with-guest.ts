import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTempFolder } from '../node/temp-folder.js'
import { type Guest, startGuest } from './guest.js'
import type { GuestMachine } from './qemu-args.js'

/** Starts a guest with nothing but a kernel and an initrd, has it used, and leaves nothing of it behind. `limit` is seconds. */
export async function withGuest<T>(
  machine: Omit<GuestMachine, 'initrd'>,
  initrd: Uint8Array,
  limit: number,
  use: (guest: Guest) => Promise<T>,
): Promise<T> {
  const folder = makeTempFolder()
  let guest: Guest | undefined
  try {
    const path = join(folder.path, 'initrd')
    writeFileSync(path, initrd)
    guest = await startGuest({ ...machine, initrd: path }, { folder: folder.path, limit })
    return await use(guest)
  } finally {
    await guest?.stop()
    folder.remove()
  }
}
