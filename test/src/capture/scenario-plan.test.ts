import { describe, expect, it } from 'vitest'
import { defaultScenario } from '../../../src/capture/default-scenario.js'
import { planCapture } from '../../../src/capture/scenario-plan.js'
import { scenarioOf } from '../simulate/dump.js'

const MACHINE = { ram: ['0-640K', '1M-1G'], scratch: [{ address: '0x38000000', size: '64M' }] }
const plan = (calls: unknown[], machine: object = MACHINE) =>
  planCapture(scenarioOf({ machine, calls } as never))
const memfds = (memfd: object) => [
  { luo_session: { name: 'vm', memfds: [{ token: 1, size: '4M', ...memfd }] } },
]

describe('planCapture', () => {
  it('does all of the scenario that comes with the package', () => {
    const made = planCapture(defaultScenario())
    expect(made).toMatchObject({
      sessions: ['vm-a', 'vm-b'],
      regions: [{ name: 'trace', size: 2 ** 20, align: 4096 }],
      khoTest: 2 ** 20,
      scratch: '48M,64M,64M',
      memory: 2 ** 29,
      notes: [],
    })
    expect(made.memfds.map(({ token, order, seals, holes }) => [token, order, seals, holes])).toEqual([
      [1n, 0, 6, []],
      [
        2n ** 63n,
        0,
        0,
        [
          [1, 3],
          [9, 20],
        ],
      ],
      [3n, 9, 0, []],
    ])
  })

  it.each([
    [{ contents: 'none' }, 'allocated'],
    [{ contents: 'zero' }, { hex: '00' }],
    [{ contents: { pattern: 'é ' } }, { hex: 'c3a920' }],
    [{ contents: { hex: 'beef' } }, { hex: 'beef' }],
    [{ contents: { seed: 3 } }, { seed: 3 }],
  ])('has user space write %j', (memfd, contents) => {
    expect(plan(memfds(memfd)).memfds[0]?.contents).toEqual(contents)
  })

  it('takes names for bytes', () => {
    expect(plan([{ luo_session: { name: 'vé' } }]).sessions).toEqual(['vÃ©'])
  })

  it('says what only a kernel can do, and what it raises', () => {
    const small = { ram: ['1M-128M'], scratch: [{ address: '16M', size: '4M' }] }
    const { notes, memory, scratch } = plan([{ preserve_folio: { order: 3 } }, 'finalize', 'kexec'], small)
    expect([memory, scratch]).toEqual([2 ** 29, '48M,64M,32M'])
    expect(notes).toEqual([
      'the guest has 512M of memory: less is too little for two kernels',
      'scratch areas are 48M,64M,32M: smaller ones have no room for the next kernel',
      'calls.0: preserve_folio is for code in a kernel, not for user space: left out',
    ])
    const trace = { reserve_mem: { name: 'trace', size: '1M', contents: 'zero' } }
    expect(plan([trace]).notes).toEqual(['calls.0: a guest does not write to reserve_mem regions'])
  })

  it.each([
    [memfds({ order: 4 }), 'a guest makes folios of order 0 or 9, not 4'],
    [memfds({ holes: ['1K-4K'] }), 'are not made of folios of 4096 bytes'],
    [memfds({ order: 9, holes: ['4K-2M'] }), 'are not made of folios of 2097152 bytes'],
    [memfds({ contents: { file: 'x' } }), 'a guest has no files'],
  ])('refuses %j', (calls, message) => {
    expect(() => plan(calls)).toThrow(message)
  })

  it('says for which machine it is, and has no large folios where they are of 512 MiB', () => {
    const arm = {
      ...MACHINE,
      arch: 'arm64',
      page_size: '64K',
      ram: ['1G-2G'],
      scratch: [{ address: '1536M', size: '64M' }],
    }
    expect(plan([], arm).machine).toEqual({ arch: 'arm64', pageShift: 16 })
    expect(() => plan(memfds({ order: 9 }), arm)).toThrow('a guest makes folios of order 0, not 9')
    expect(() => plan(memfds({ holes: ['4K-2M'] }), arm)).toThrow('are not made of folios of 65536 bytes')
  })
})
