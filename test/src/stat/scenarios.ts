import { simulate } from '../../../src/simulate/simulate.js'
import { elfBytes, scenarioOf } from '../simulate/dump.js'

/** A machine with many sessions of many small memfds; the nth file has `n % 4 + 1` pages. */
export function manySessions(sessions: number, files: number): Uint8Array {
  const memfds = Array.from({ length: files }, (_, n) => ({
    token: n + 1,
    size: 4096 * ((n % 4) + 1),
    contents: 'none' as const,
  }))
  const scenario = scenarioOf({
    machine: {
      kernel: '7.2',
      ram: ['0-2G', '4G-8G'],
      scratch: [
        { address: 0x38000000, size: '32M' },
        { address: 0x30000000, size: '128M' },
        { address: 0x2c000000, size: '64M' },
      ],
    },
    calls: [
      ...Array.from({ length: sessions }, (_, n) => ({ luo_session: { name: `vm-${n}`, memfds } })),
      'kexec' as const,
    ],
  })
  return elfBytes(simulate(scenario, {}))
}
