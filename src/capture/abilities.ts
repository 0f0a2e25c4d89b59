import type { Boot } from '../../formats/kernels/index.js'
import type { Agent } from '../guest/agent.js'
import { GuestFailure } from '../guest/guest-failure.js'

const DEBUGFS = '/sys/kernel/debug'
const FINALIZE = `${DEBUGFS}/kho/out/finalize`

/** What the kernel of a guest can do, as the guest finds it. */
export interface Abilities {
  /** User space can open LUO's device. */
  luo: boolean
  /** The file that finalizes is there. */
  finalize: boolean
  /** What it lacks that a capture can do without; a line each, with the option that it was built without. */
  notes: string[]
}

/**
 * Looks at a guest's kernel.
 *
 * @throws GuestFailure, not to be judged, with the option, where a capture cannot do without what the kernel lacks
 */
export async function findAbilities(agent: Agent, boot: Boot | null): Promise<Abilities> {
  const log = await agent.request('dmesg')
  if (!log.ok) throw unjudged(`does not show its log: ${log.message}`)
  const lines = Buffer.from(log.bytes).toString('latin1')
  if (!/\bKHO: /.test(lines)) {
    throw unjudged(
      'says nothing of KHO: it was built without CONFIG_KEXEC_HANDOVER, or booted without kho=on',
    )
  }
  const [kho, finalize, luo] = await Promise.all([
    exists(agent, `${DEBUGFS}/kho`),
    exists(agent, FINALIZE),
    exists(agent, '/dev/liveupdate'),
  ])
  const notes: string[] = []
  if (!kho) {
    const what = (await exists(agent, DEBUGFS)) ? 'CONFIG_KEXEC_HANDOVER_DEBUGFS' : 'CONFIG_DEBUG_FS'
    if (boot?.finalize === 'debugfs' || (boot?.finalize === 'reboot' && !luo)) {
      throw unjudged(`cannot be told to finalize: it was built without ${what}`)
    }
    notes.push(`the kernel shows no files of KHO: it was built without ${what}`)
  }
  return { luo, finalize, notes }
}

/** A kernel about which nothing can be said. */
function unjudged(what: string): GuestFailure {
  return new GuestFailure(`the kernel ${what}`, true)
}

async function exists(agent: Agent, path: string): Promise<boolean> {
  const reply = await agent.request('list', path)
  return reply.ok && reply.values.length > 0
}

/**
 * Makes the map complete, where that takes a word: up to 6.18 always, up to 7.0 where LUO does not see to it at the reboot
 * call.
 *
 * @throws GuestFailure where the kernel refuses
 */
export async function finalize(agent: Agent, abilities: Abilities, boot: Boot | null): Promise<void> {
  const wanted = boot === null ? !abilities.luo : boot.finalize === 'debugfs' || !abilities.luo
  if (!abilities.finalize || !wanted) return
  const reply = await agent.request('write', FINALIZE, '1')
  if (!reply.ok) throw new GuestFailure(`the kernel does not finalize: ${reply.message}`)
}
