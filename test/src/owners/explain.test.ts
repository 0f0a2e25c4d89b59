import { describe, expect, it } from 'vitest'
import { explainOrphans } from '../../../src/owners/explain.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { validateState } from '../../../src/validate/validate.js'
import { whois } from '../../../src/whois/whois.js'
import { jsonAt, pagesAt, stateOfCalls } from '../model/described-states.js'

/** A handle, what it leads to, and a block that nothing leads to. */
const CALLS = [
  ...pagesAt({
    33554432: `0500000000000000 0010000200000000 0020000200000000 0000000200000000 08${'00'.repeat(7)}`,
    33558528: '0030000200000000 0010000200000000',
    33562624: 'ffffffffffffffff',
    33566720: '00',
    33574912: '00',
  }),
  { luo_session: { name: 's', files: [{ token: 1, handler: 'nobody-knows-v1', data: 0x200_0000 }] } },
]
const PATH = 'luo/sessions/s/files/1'

describe('the memory of a handler that nobody knows', () => {
  it('shows the u64s that equal the start of a preserved block', async () => {
    const state = await stateOfCalls(CALLS)
    expect(jsonAt(state, PATH)).toMatchObject({
      struct: null,
      pointers: [
        { offset: 8, address: '0x2001000', order: 0 },
        { offset: 16, address: '0x2002000', order: 0 },
      ],
    })
  })

  it('explains blocks without an owner, and those that they lead to', async () => {
    const state = await stateOfCalls(CALLS)
    const path = `${PATH}/data`
    expect([...explainOrphans(state)]).toEqual([
      [0x200_1000, { path, from: 0x200_0008 }],
      [0x200_2000, { path, from: 0x200_0010 }],
      [0x200_3000, { path, from: 0x200_1000 }],
    ])
    expect(whois(state, 0x200_3000n).hints).toEqual([
      `probably of ${path}: the u64 at 0x2001000 equals the start of this block`,
    ])
    expect(whois(state, 0x200_5000n).hints).toEqual([])
    const orphans = validateState(state).findings.find(({ rule }) => rule === 'MAP-ORPHAN')
    expect(orphans).toMatchObject({ severity: 'info', count: 4 })
    expect(orphans!.message).toMatch(/; 3 of them probably of luo\/sessions\/s\/files\/1\/data, where/)
  })

  it('explains no block that has an owner, and one that two u64s name once', async () => {
    const page = (address: number) => Buffer.from(BigUint64Array.of(BigInt(address)).buffer).toString('hex')
    const zeros = '00'.repeat(8)
    const state = await stateOfCalls([
      ...pagesAt({
        // Of the handle: a block without an owner twice, and one that has one.
        33554432: `${zeros}${page(0x200_1000)}${page(0x200_1000)}${page(0x200_2000)}`,
        33558528: '00',
        33562624: '00',
      }),
      { luo_session: { name: 's', files: [{ token: 1, handler: 'nobody-knows-v1', data: 0x200_0000 }] } },
      { luo_flb: { name: 'pci', count: 0, data: 0x200_2000 } },
    ])
    expect(ownershipOf(state).ownedAt(0x200_2000)).not.toBeNull()
    expect([...explainOrphans(state)]).toEqual([[0x200_1000, { path: `${PATH}/data`, from: 0x200_0008 }]])
  })

  it('looks into what unknown handlers hand over, not into all data', async () => {
    const page = Buffer.from(BigUint64Array.of(0n, 0x200_1000n).buffer).toString('hex')
    const state = await stateOfCalls([
      ...pagesAt({ 33558528: '00' }),
      {
        reserve_mem: {
          name: 'r',
          address: 0x200_0000,
          size: 4096,
          contents: { hex: page.padEnd(8192, '0') },
        },
      },
    ])
    expect(explainOrphans(state).size).toBe(0)
  })

  it('has no say where a layout tells what is in it', async () => {
    const state = await stateOfCalls([
      { luo_flb: { name: 'pci', count: 0, struct: { nr_devices: 1, devices: [{ bdf: 8, refcount: 1 }] } } },
    ])
    expect(jsonAt(state, 'luo/flbs/#0')).toMatchObject({ pointers: [] })
    expect(explainOrphans(state).size).toBe(0)
  })
})

describe('memory without an owner', () => {
  it('is an error where every file is known', async () => {
    const state = await stateOfCalls([
      ...pagesAt({ 33574912: '00' }),
      { luo_session: { name: 's', files: [{ token: 1, handler: 'vfio-pci-v1', struct: { bdf: 8 } }] } },
    ])
    const orphans = validateState(state).findings.find(({ rule }) => rule === 'MAP-ORPHAN')
    expect(orphans).toMatchObject({ severity: 'warning', count: 1 })
  })
})
