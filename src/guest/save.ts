import type { Guest } from './guest.js'
import { GuestFailure } from './guest-failure.js'
import { quoteForShell } from './qemu-args.js'

const POLL_MS = 20

/**
 * Writes all that a guest is to a file, for guests that go on from there (`resumed` of their machine). The guest is
 * stopped for good.
 *
 * @throws GuestFailure where QEMU cannot
 */
export async function saveGuest(guest: Guest, path: string): Promise<void> {
  await guest.qmp.execute('stop')
  // By a shell: QEMU writes to files of its own accord only from 8.2 on.
  await guest.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 })
  const started = await guest.qmp.execute('migrate', { uri: `exec:cat > ${quoteForShell(path)}` })
  if (!started.ok) throw new GuestFailure(`QEMU does not save the guest: ${started.message}`)
  for (;;) {
    const status = await statusOf(guest, 'query-migrate')
    if (status === 'completed') return
    if (status === null || status === 'failed' || status === 'cancelled') {
      throw new GuestFailure(`QEMU does not save the guest: ${status ?? 'it has ended'}`)
    }
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

/**
 * Waits until a resumed guest is all there; it must be `paused`, and then waits for someone to let it run.
 *
 * @throws GuestFailure where QEMU does not take it
 */
export async function waitResumed(guest: Guest): Promise<void> {
  for (;;) {
    const status = await statusOf(guest, 'query-status')
    if (status === null) {
      const { stderr } = await guest.ended
      throw new GuestFailure(`QEMU does not resume the saved guest: ${stderr.trim().split('\n').at(-1)}`)
    }
    if (status !== 'inmigrate') return
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

async function statusOf({ qmp }: Guest, command: string): Promise<string | null> {
  const reply = await qmp.execute(command)
  if (!reply.ok) return null
  const { status } = reply.value as { status?: unknown }
  // Before it has begun, query-migrate has no status.
  return typeof status === 'string' ? status : 'setup'
}
