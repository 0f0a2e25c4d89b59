import { findChild, findProperty, nativeU32, readFdt } from '../../../formats/fdt/index.js'
import { kernelNamed } from '../../../formats/kernels/index.js'
import type { Agent } from '../../guest/agent.js'
import { GuestFailure } from '../../guest/guest-failure.js'
import { makeFiles } from '../../guest/make-files.js'
import { withGuest, withInitrd } from '../../guest/with-guest.js'

/** What one kernel took on one set, in instructions. */
export interface PreserveRow {
  /** Folios that lib/test_kho.c preserved, before user space or, up to 6.18, at finalize. */
  folios: number
  /** The write to `kho/out/finalize`; null where nothing is finalized. */
  finalize: number | null
  /** Pages of a memfd, and the ioctl that preserves it; null where the kernel preserves none. */
  memfd: { pages: number; preserve: number } | null
}

/** What one release's kernel took. */
export interface PreserveCosts {
  release: string
  rows: PreserveRow[]
}

const MIB = 2 ** 20
const PAGE = 4096
const RAM = 512 * MIB
const LIMIT = 300
const DEBUGFS = '/sys/kernel/debug/kho/out'
const CMDLINE = 'console=ttyS0 loglevel=1 panic=-1 nokaslr kho=on liveupdate=on kho_scratch=16M,32M,16M'
/** Sets that grow: bytes that lib/test_kho.c preserves in folios of all orders, and those of a memfd of single pages. */
const SETS = [
  { test: 16 * MIB, memfd: MIB },
  { test: 64 * MIB, memfd: 4 * MIB },
  { test: 256 * MIB, memfd: 16 * MIB },
]

/**
 * Counts what one kernel takes to preserve and to finalize: in a guest whose clock goes by instructions, timed by the agent.
 *
 * @throws GuestFailure where it does not get there
 */
export async function measurePreserve(
  release: string,
  kernel: string,
  initrd: Uint8Array,
): Promise<PreserveCosts> {
  const rows: PreserveRow[] = []
  for (const set of SETS) rows.push(await preserveIn(release, kernel, initrd, set))
  return { release, rows }
}

async function preserveIn(
  release: string,
  kernel: string,
  initrd: Uint8Array,
  set: (typeof SETS)[number],
): Promise<PreserveRow> {
  const { boot, users } = kernelNamed(release)
  const machine = {
    kernel,
    cmdline: `${CMDLINE} test_kho.max_mem=${set.test}`,
    memory: RAM,
    accelerator: 'tcg' as const,
    timedByInstructions: true as const,
  }
  return withGuest(withInitrd(machine, initrd), LIMIT, async ({ agent }) => {
    if ((await agent.ready()) === null) throw new GuestFailure(`Linux ${release} does not come up`)
    const memfd = users.luo === null ? null : await preserveMemfd(agent, set.memfd)
    const finalizes = boot !== null && boot.finalize !== null
    const finalize = finalizes ? await timed(agent, 'write', `${DEBUGFS}/finalize`, '1') : null
    return { folios: await foliosOfTest(agent), finalize, memfd }
  })
}

/** Its pages are written: of those that are only allocated the kernel clears each before it preserves it. */
async function preserveMemfd(agent: Agent, size: number): Promise<PreserveRow['memfd']> {
  await makeFiles(agent, ['cost'], [{ session: 'cost', token: 1n, size, order: 0, contents: { seed: 1 } }])
  return { pages: size / PAGE, preserve: await took(agent) }
}

async function timed(agent: Agent, verb: string, ...words: string[]): Promise<number> {
  await must(agent, verb, ...words)
  return took(agent)
}

async function took(agent: Agent): Promise<number> {
  const { values } = await must(agent, 'took')
  return Number(values[0]?.nanoseconds)
}

async function foliosOfTest(agent: Agent): Promise<number> {
  const { bytes } = await must(agent, 'read', `${DEBUGFS}/sub_fdts/kho_test`)
  const root = readFdt(bytes).tree?.root
  const data = root && findChild(root, 'data')
  const count = data && findProperty(data, 'nr_folios')
  return count ? Number(nativeU32(count)) : 0
}

async function must(agent: Agent, verb: string, ...words: string[]) {
  const reply = await agent.request(verb, ...words)
  if (!reply.ok) throw new GuestFailure(`the guest cannot do it: ${verb}: ${reply.message}`)
  return reply
}
