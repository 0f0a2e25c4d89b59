import { kernelNamed } from '../../../formats/kernels/index.js'
import { totals } from '../../../formats/pages/page-set.js'
import { listRanges } from '../../../formats/pages/runs.js'
import type { Symbols } from '../../guest/symbols.js'
import type { KhoState } from '../../image/state.js'
import { parseScenario } from '../../scenario/scenario-file.js'
import { askGuest } from '../debugger.js'
import { openScenario } from '../scenario-state.js'
import { BOOT_FUNCTIONS, type BootCounts, countEarlyBoot } from './early-boot.js'

/** Early boot on one made-up state. */
export interface BootRow extends BootCounts {
  blocks: number
  /** Regions that the blocks come to: those that touch are one. */
  regions: number
}

/** What one release's kernel took, in instructions. */
export interface ReleaseCosts {
  release: string
  boot: BootRow[]
}

const MIB = 2 ** 20
const RAM = 512 * MIB
/** Sets of pages: none to compare with, scattered ones that grow, and as many as the largest of those in one run. */
const CALLS = [
  null,
  'preserve_random: { range: 64M-384M, orders: [0], count: 1000, seed: 1 }',
  'preserve_random: { range: 64M-384M, orders: [0], count: 2000, seed: 1 }',
  'preserve_random: { range: 64M-384M, orders: [0], count: 4000, seed: 1 }',
  'preserve_random: { range: 64M-384M, orders: [0], count: 8000, seed: 1 }',
  'preserve_all: { range: 64M-96M, order: 0 }',
]

/** Counts what one kernel takes. @throws GuestFailure where it does not get there */
export async function measureRelease(
  release: string,
  kernel: string,
  initrd: Uint8Array,
): Promise<ReleaseCosts> {
  const symbols = await askGuest({ kernel, accelerator: 'tcg' }, initrd, BOOT_FUNCTIONS)
  const { writes } = kernelNamed(release)
  const finalizes = writes?.finalize === true
  const boot: BootRow[] = []
  for (const call of CALLS) boot.push(await bootOn(release, call, finalizes, kernel, symbols))
  return { release, boot }
}

async function bootOn(
  release: string,
  call: string | null,
  finalizes: boolean,
  kernel: string,
  symbols: Symbols,
): Promise<BootRow> {
  const calls = [call, finalizes ? 'finalize' : null, 'kexec'].filter(line => line !== null)
  const text = `machine:
  kernel: "${kernelNamed(release).name}"
  ram: [0-640K, 1M-${RAM / MIB}M]
  scratch: [{ address: 0x18000000, size: 48M }]
calls:
${calls.map(line => `  - ${line}\n`).join('')}`
  const made = await openScenario(parseScenario(text, 'measure'), () => {
    throw new Error('no contents are named')
  })
  try {
    return { ...sizeOf(made.state), ...(await countEarlyBoot(made.state, kernel, symbols, RAM)) }
  } finally {
    made.close()
  }
}

function sizeOf({ tracker }: KhoState): { blocks: number; regions: number } {
  const { pages } = tracker.decode
  return { blocks: totals(pages).blocks, regions: listRanges(pages).length }
}
