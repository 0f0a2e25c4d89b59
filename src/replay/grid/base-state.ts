import { KhoError } from '../../../formats/error.js'
import { type AbiName, findKernel, isWriting, type WritingKernel } from '../../../formats/kernels/index.js'
import { createTarget } from '../../damage/run-target.js'
import { SCENARIO, type Scenario } from '../../scenario/schema.js'
import { type Simulation, simulate, writeSimulationElf } from '../../simulate/simulate.js'
import type { GridField } from './field.js'
import { stateFields } from './state-fields.js'

const MEMORY = 512
/** Names that LUO's own test, where it is built in, hangs on every memfd. */
const TEST_FLBS = ['v0', 'v1', 'v2']

/** The sound state that every case breaks in one place: something of all that a release takes over, in 512 MiB. */
export function gridScenario({ name, users, writes }: WritingKernel): Scenario {
  const luo =
    users.luo === null
      ? []
      : [
          {
            luo_session: {
              name: 'vm-a',
              memfds: [
                { token: 1, size: 30001, contents: { seed: 1 }, pos: 6173 },
                { token: 2, size: '64K', contents: { seed: 2 }, ...(users.memfd === 2 ? { seals: 6 } : {}) },
              ],
            },
          },
          {
            luo_session: {
              name: 'vm-b',
              memfds: [{ token: 3, size: '2M', order: 9, contents: { seed: 3 } }],
            },
          },
        ]
  const flbs =
    users.luo?.flbs === true
      ? TEST_FLBS.map((flb, n) => ({
          luo_flb: { name: `liveupdate-test-flb-${flb}`, data: `0xfeedf00dcafebee${n}` },
        }))
      : []
  return SCENARIO.parse({
    machine: {
      kernel: name,
      uname: 'made-by-hand-1.0',
      ram: ['0-640K', `1M-${MEMORY}M`],
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
      ...(users.khoTest === null ? [] : [{ kho_test: { size: '64K' } }]),
      { reserve_mem: { name: 'trace', size: '64K' } },
      ...luo,
      ...flbs,
      ...(writes.finalize && users.luo === null ? ['finalize'] : []),
      'kexec',
    ],
  })
}

/** The state, with every field that can be broken in it. */
export interface GridBase {
  abi: AbiName
  scenario: Scenario
  simulation: Simulation
  fields: GridField[]
  root: number
  /** Bytes of the state's memory. */
  read(at: number, length: number): Uint8Array
  /** The memory as an ELF core. */
  image: Uint8Array
}

/**
 * Makes the base state of a release, early in the next kernel. Same release, same bytes.
 *
 * @throws KhoError `usage` for a release that cannot be simulated
 */
export function gridBase(release: string): GridBase {
  const kernel = findKernel(release)
  if (kernel === null || !isWriting(kernel)) throw new KhoError('usage', `no model of Linux ${release}`)
  const scenario = gridScenario(kernel)
  const simulation = simulate(scenario, { at: 'early' })
  const target = createTarget(simulation, 1)
  return {
    abi: kernel.layout.name,
    scenario,
    simulation,
    fields: stateFields(target),
    root: target.root,
    read: (at, length) => target.read(at, length).slice(),
    image: imageBytes(simulation),
  }
}

function imageBytes(simulation: Simulation): Uint8Array {
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  const size = writeSimulationElf(simulation, (bytes, offset) =>
    pieces.push({ bytes: bytes.slice(), offset }),
  )
  const whole = new Uint8Array(size)
  for (const { bytes, offset } of pieces) whole.set(bytes, offset)
  return whole
}
