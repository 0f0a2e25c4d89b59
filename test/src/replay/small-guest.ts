import { applyDamage } from '../../../src/damage/index.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import type { AskedRegion } from '../../../src/replay/expected.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'

/** Something of everything that a kernel takes over, in a guest of 512 MiB. As a file would say it. */
export const SMALL_GUEST = {
  machine: {
    uname: 'made-by-hand-1.0',
    ram: ['0-640K', '1M-512M'],
    avoid: ['0-64M'],
    scratch: [
      { address: '0x18000000', size: '32M' },
      { address: '0x10000000', size: '96M' },
    ],
    kexec_count: 3,
    live_updates: 5,
  },
  seed: 7,
  calls: [
    { kho_test: { size: '64K' } },
    { reserve_mem: { name: 'trace', size: '64K' } },
    {
      luo_session: {
        name: 'vm-a',
        memfds: [
          { token: 1, size: 30001, contents: { seed: 1 }, pos: 6173 },
          { token: 2, size: '64K', contents: { seed: 2 }, seals: 6 },
        ],
      },
    },
    {
      luo_session: { name: 'vm-b', memfds: [{ token: 3, size: '2M', order: 9, contents: { seed: 3 } }] },
    },
    ...[0, 1, 2].map(n => ({
      luo_flb: { name: `liveupdate-test-flb-v${n}`, data: `0xfeedf00dcafebee${n}` },
    })),
    'kexec',
  ],
}

/** A state that was broken on purpose. */
export interface BrokenState {
  state: KhoState
  /** What its kernel was asked for. */
  regions: AskedRegion[]
  /** What was done. */
  damage: string
}

/** The small guest's state, early in the next kernel, broken in the way of a rule. */
export async function brokenState(rule: string): Promise<BrokenState> {
  const scenario = scenarioOf(SMALL_GUEST)
  const simulation = simulate(scenario, { at: 'early' })
  const damage = applyDamage(simulation, rule)
  const state = loadState(await imageOf(simulation), {
    root: simulation.root!,
    abi: 'kho-v4',
    pageShift: scenario.machine.page_size,
  })
  const regions = scenario.calls.flatMap(call => (call.name === 'reserve_mem' ? [call.args] : []))
  return { state, regions, damage }
}
