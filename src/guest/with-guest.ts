import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTempFolder } from '../node/temp-folder.js'
import { type Guest, startGuest } from './guest.js'
import type { GuestMachine } from './qemu-args.js'

/**
 * Starts a guest, has it used, and leaves nothing of it behind. `machineIn` makes the machine, and writes what it is made of into
 * the guest's folder; `limit` is seconds.
 */
export async function withGuest<T>(
  machineIn: (folder: string) => GuestMachine,
  limit: number,
  use: (guest: Guest) => Promise<T>,
): Promise<T> {
  const folder = makeTempFolder()
  let guest: Guest | undefined
  try {
    guest = await startGuest(machineIn(folder.path), { folder: folder.path, limit })
    return await use(guest)
  } finally {
    await guest?.stop()
    folder.remove()
  }
}

/** A machine with an initrd of these bytes, for {@link withGuest}. */
export function withInitrd(
  machine: Omit<GuestMachine, 'initrd'>,
  bytes: Uint8Array,
): (folder: string) => GuestMachine {
  return folder => {
    const initrd = join(folder, 'initrd')
    writeFileSync(initrd, bytes)
    return { ...machine, initrd }
  }
}
