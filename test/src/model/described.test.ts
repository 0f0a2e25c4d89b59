import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { layoutSet } from '../../../formats/described/index.js'
import { schema } from '../../../src/commands/dump/schema.js'
import { diffStates } from '../../../src/diff/diff.js'
import { planExtract, writeContents } from '../../../src/extract/extract.js'
import { partSpans } from '../../../src/hex/spans.js'
import { parseLayout } from '../../../src/layouts/layout-file.js'
import { claims } from '../../../src/model/claims.js'
import { resolve } from '../../../src/model/resolve.js'
import { ownerSets } from '../../../src/owners/algebra.js'
import { ownershipOf } from '../../../src/owners/ownership.js'
import { jsonLine } from '../../../src/render/json.js'
import { documentJson } from '../../../src/render/view-json.js'
import { validateState } from '../../../src/validate/validate.js'
import { whois } from '../../../src/whois/whois.js'
import { ROOT } from '../../built.js'
import {
  fieldsAt,
  jsonAt,
  POSTED_SCENARIOS,
  pagesAt,
  stateOfCalls,
  stateOfFixture,
} from './described-states.js'

describe.each(POSTED_SCENARIOS)('the scenario %s', name => {
  it('has no orphan, and nothing that its layouts find wrong', async () => {
    const state = await stateOfFixture(name)
    const { orphaned, dangling, duplicate } = ownerSets(state.tracker.decode.pages, ownershipOf(state))
    expect({ orphaned, dangling, duplicate }).toEqual({ orphaned: [], dangling: [], duplicate: [] })
    const { findings } = validateState(state)
    // No release reads LUO by feature flags.
    const refused = name === 'luo-features' ? ['LUO-COMPATIBLE'] : []
    const known = ['LUO-HANDLER', 'DUMP-BLIND-SPOT', ...refused]
    expect(findings.filter(({ rule }) => !known.includes(rule))).toEqual([])
  })

  it('is written as JSON by its schema, marked as posted, with paths that lead back', async () => {
    const state = await stateOfFixture(name)
    const text = jsonLine({ schema: 'kho/dump/1', ...documentJson(state) })
    expect(schema.safeParse(JSON.parse(text)).error).toBeUndefined()
    expect(text).toMatch(/"posted":"202\d-\d\d(-\d\d)?, not merged"/)
    for (const group of claims(state)) {
      for (let n = 0; n < group.count; n++) {
        expect(resolve(state, group.pathOf(n)).path).toBe(group.pathOf(n))
      }
    }
  })

  it('is the same as itself, and says posted beside its bytes', async () => {
    const state = await stateOfFixture(name)
    expect(diffStates(state, await stateOfFixture(name)).same).toBe(true)
    const paths = [...claims(state)].flatMap(group =>
      Array.from({ length: group.count }, (_, n) => group.pathOf(n)),
    )
    const told = paths.filter(path => /\/struct$|pstore/.test(path))
    expect(told.length).toBeGreaterThan(0)
    for (const path of told) {
      const [heading] = [...partSpans(state, resolve(state, path))].filter(span => span.kind === 'heading')
      expect(heading).toMatchObject({
        what: expect.stringMatching(/^struct \w+, posted 202.*, not merged$/),
      })
    }
  })
})

const fileOf = (handler: string) => [
  { luo_session: { name: 's', files: [{ token: 1, handler, data: 0x200_0000 }] } },
]

/** Worked by hand from the posted headers. */
describe('golden vectors', () => {
  const flb = (name: string) => [{ luo_flb: { name, data: 0x200_0000, count: 1 } }]
  const file = fileOf

  it('pci, version 2: three entries, of which one is free', async () => {
    const state = await stateOfCalls([
      ...pagesAt({
        33554432: '02000000 02000000 0010000200000000',
        33558528: `0000000000000000 0300000000000000
          00000000 0800 0100  00000000 0000 0000  01000000 0703 0100`,
      }),
      ...flb('pci'),
    ])
    expect(fieldsAt(state, 'luo/flbs/#0')).toEqual({
      version: 2,
      nrDevices: 2,
      devicesAddress: '0x2001000',
      devices: [
        { domain: 0, bdf: '0x8', bdfBits: { function: 0, device: 1, bus: 0 }, refcount: 1 },
        { domain: 0, bdf: '0x0', bdfBits: { function: 0, device: 0, bus: 0 }, refcount: 0 },
        { domain: 1, bdf: '0x307', bdfBits: { function: 7, device: 0, bus: 3 }, refcount: 1 },
      ],
    })
    const errors = validateState(state).findings.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ rule }) => rule)).toEqual(['LUO-FLB-REFCOUNT'])
  })

  it('pci, version 1 as posted in mid September', async () => {
    const state = await stateOfCalls([
      ...pagesAt({ 33554432: '01000000 00000000 0000000000000000' }),
      ...flb('pci'),
    ])
    expect(jsonAt(state, 'luo/flbs/#0')).toMatchObject({
      struct: {
        type: 'pci_ser_v1',
        fields: { version: 1, nrDevices: 0, devicesAddress: '0x0', devices: [] },
      },
    })
  })

  it.each([
    ['pci_ser_narrow', '10000000 01000000  00000000 1000 0100'],
    ['pci_ser_wide', '1000000000000000 0100000000000000  00000000 1000 0100'],
  ])('pci-v2, the form %s', async (type, bytes) => {
    const state = await stateOfCalls([...pagesAt({ 33554432: bytes }), ...flb('pci-v2')])
    expect(jsonAt(state, 'luo/flbs/#0')).toMatchObject({
      struct: { type, fields: { maxNrDevices: 16, nrDevices: 1, entries: [{ domain: 0, bdf: '0x10' }] } },
    })
  })

  it('hugetlb: the FLB of 37 bytes, and a file of two folios', async () => {
    const [size, list] = ['0000400000000000', '0030000200000000 01000000 0100 0000']
    const state = await stateOfCalls([
      ...pagesAt({
        33554432: `${size} 0000000000000000 0200000000000000 ${list} 09`,
        33566720: `0000000000000000 0040000200000000`,
        33570816: `0020000000000000 0000000000000000  0022000000000000 0002000000000000`,
        33574912: `0200000000000000 09 0000000000000000 12 ${'00'.repeat(18)} 02`,
      }),
      { luo_flb: { name: 'hugetlb-v1', data: 0x200_5000, count: 1 } },
      ...file('huge-memfd-v1'),
      { preserve_folio: { address: 0x240_0000, order: 9 } },
    ])
    expect(fieldsAt(state, 'luo/sessions/s/files/1')).toMatchObject({
      size: 0x400000,
      pos: 0,
      nrFolios: 2,
      order: 9,
      folios: [
        { folio: '0x2000', folioAddress: '0x2000000', folioBits: { pfn: 0x2000, reserved: 0 }, index: 0 },
        { folio: '0x2200', folioAddress: '0x2200000', index: 512 },
      ],
    })
    expect(fieldsAt(state, 'luo/flbs/#0')).toEqual({
      hstate0: { nrPages: 2, order: 9 },
      hstate1: { nrPages: 0, order: 18 },
      hstate2: { nrPages: 0, order: 0 },
      hstate3: { nrPages: 0, order: 0 },
      nrHstates: 2,
    })
  })

  it('vfio: six bytes', async () => {
    const state = await stateOfCalls([...pagesAt({ 33554432: '02000000 0003' }), ...file('vfio-pci-v1')])
    expect(fieldsAt(state, 'luo/sessions/s/files/1')).toMatchObject({ domain: 2, bdf: '0x300' })
  })

  it.each([
    ['4 bytes', '0003 0200', { bdf: '0x300', domain: 2, resetWorks: 0, iommufdToken: 0 }],
    ['5 bytes', '0003 0000 01', { bdf: '0x300', domain: 0, resetWorks: 1, iommufdToken: 0 }],
    ['9 bytes', '0003 0100 01 2a000000', { bdf: '0x300', domain: 1, resetWorks: 1, iommufdToken: 42 }],
  ])('vfio as the RFC had it, %s, told by the PCI core of its time', async (_, bytes, fields) => {
    const page = pagesAt({ 33554432: bytes, 33558528: '10000000 00000000' })
    const early = [
      ...page,
      ...file('vfio-pci-v1'),
      { luo_flb: { name: 'pci-v2', data: 0x200_1000, count: 1 } },
    ]
    expect(fieldsAt(await stateOfCalls(early), 'luo/sessions/s/files/1')).toMatchObject(fields)
    const alone = await stateOfCalls([...page, ...file('vfio-pci-v1')])
    expect(jsonAt(alone, 'luo/sessions/s/files/1')).toMatchObject({
      struct: { type: 'vfio_pci_core_device_ser' },
    })
  })

  it('a machine whose state the architecture keeps, 16 bytes under the name of the one with 32', async () => {
    const state = await stateOfCalls([
      ...pagesAt({ 33554432: '0200000000000000 0010000200000000', 33558528: '61' }),
      ...file('kvm_vm_luo_v1'),
    ])
    expect(jsonAt(state, 'luo/sessions/s/files/1')).toMatchObject({
      struct: { type: 'kvm_vm_ser_arch', fields: { type: '0x2', archStateAddress: '0x2001000' } },
    })
    const { orphaned } = ownerSets(state.tracker.decode.pages, ownershipOf(state))
    expect(orphaned).toEqual([])
    const empty = await stateOfCalls([...pagesAt({ 33554432: '0200000000000000' }), ...file('kvm_vm_luo_v1')])
    expect(jsonAt(empty, 'luo/sessions/s/files/1')).toMatchObject({ struct: { type: 'kvm_vm_ser' } })
  })

  it('iommu, as it was before it had a version: 24 bytes', async () => {
    const state = await stateOfCalls([
      ...pagesAt({
        33554432: '0000000000000000 0010000200000000 0000000000000000',
        33558528: `0000000000000000 0100000000000000
          01000000 00000000 0000000000000000 0300000000000000 27000000 00000000 0000000000000000`,
      }),
      ...flb('iommu-liveupdate-v1'),
    ])
    expect(fieldsAt(state, 'luo/flbs/#0')).toMatchObject({
      iommuArrayPhys: [],
      iommuDomainArrayPhys: [{ obj: { refCount: 1, flags: 0 }, topLevel: 3, vasz: 39 }],
    })
  })

  it('guest_memfd, and the machine that it is of', async () => {
    const state = await stateOfCalls([
      ...pagesAt({
        33554432: `0010000000000000 0100000000000000 0100000000000000 0500000000000000
          0010000200000000 01000000 0100 0000`,
        33558528: '0000000000000000 0020000200000000',
        33562624: '0520000000001000 0000000000000000',
        33574912: '61'.repeat(4096),
        33579008: `0100000000000000 0200000000000000 0070000200000000 01000000 0100 0000`,
        33583104: '0000000000000000 0080000200000000',
        33587200: '0001000000000000 0800000000000000 0101000000000000 0800000000000000',
      }),
      {
        luo_session: {
          name: 's',
          files: [
            { token: 1, handler: 'guest_memfd_luo_v1', data: 0x200_0000 },
            { token: 5, handler: 'kvm_vm_luo_v1', data: 0x200_6000 },
          ],
        },
      },
    ])
    expect(fieldsAt(state, 'luo/sessions/s/files/1')).toMatchObject({
      size: 4096,
      flags: '0x1',
      flagsBits: { mmap: 1, initShared: 0 },
      vmToken: '5',
      folios: [{ folioAddress: '0x2005000', folioBits: { pfn: 0x2005, uptodate: 1 }, index: 0 }],
    })
    expect(fieldsAt(state, 'luo/sessions/s/files/5')).toMatchObject({
      type: '0x1',
      memAttrs: [
        { gfn: '0x100', attributes: '0x8' },
        { gfn: '0x101', attributes: '0x8' },
      ],
    })
    const { orphaned } = ownerSets(state.tracker.decode.pages, ownershipOf(state))
    expect(orphaned).toEqual([])
  })

  it('iommu: a domain, its tables, and a device that leads to the domain of the list', async () => {
    const state = await stateOfCalls([
      ...pagesAt({
        33554432: `0100000000000000 0000000000000000 0010000200000000 0020000200000000`,
        33558528: `0000000000000000 0100000000000000
          02000000 00000000 0030000200000000 0200000000000000 27000000 01000000 0000000000000000`,
        33562624: `0000000000000000 0100000000000000
          01000000 02000000 00010000 00000000 0700000000000000 1010000200000000 0000000000000000
          0000000000000000 2000000000000000`,
        33566720: '0340000200000000 8300c00300000000',
        33570816: '00',
      }),
      ...flb('iommu-liveupdate'),
    ])
    const path = 'luo/flbs/#0/struct'
    expect(fieldsAt(state, 'luo/flbs/#0')).toMatchObject({
      version: 1,
      iommuArrayPhys: [],
      iommuDomainArrayPhys: [
        {
          obj: { refCount: 2 },
          topTablePhys: ['0x2003000', '0x2004000'],
          topLevel: 2,
          vasz: 39,
          signExtend: 1,
        },
      ],
      deviceArrayPhys: [
        {
          obj: { refCount: 1, flags: 2, flagsBits: { deleted: 0, incoming: 1 } },
          devid: '0x100',
          domainPhysAddress: '0x2001010',
          domainPhys: null,
          notKnown: { domainPhys: `it is ${path}/iommuDomainArrayPhys/#0` },
          maxPasid: 32,
        },
      ],
    })
    expect(whois(state, 0x200_4000n).owners.map(owner => owner.path)).toEqual([
      `${path}/iommuDomainArrayPhys/#0/topTablePhys/#1`,
    ])
  })

  it('tmpfs: a mount of 16 bytes, a file of 312', async () => {
    const name = Buffer.from('a.txt').toString('hex').padEnd(512, '0')
    const state = await stateOfCalls([
      ...pagesAt({
        33554432: `0100000000000000 0000000000000000 0500000000000000 a4810000 00000000 0100000000000000
          0010000200000000 01000000 0100 0000 ${name}`,
        33558528: '0000000000000000 0020000200000000',
        33562624: '0320000000003000 0000000000000000',
        33566720: Buffer.from('hello, all of you').toString('hex'),
        33570816: '0004000000000000 ff030000 04000000',
      }),
      {
        luo_session: {
          name: 's',
          files: [
            { token: 1, handler: 'tmpfs-mnt-v1', data: 0x200_4000 },
            { token: 2, handler: 'tmpfs-file-v1', data: 0x200_0000 },
          ],
        },
      },
    ])
    expect(fieldsAt(state, 'luo/sessions/s/files/1')).toEqual({ maxBlocks: 1024, mode: '0x3ff', flags: 4 })
    expect(fieldsAt(state, 'luo/sessions/s/files/2')).toMatchObject({
      mntToken: '1',
      size: 5,
      mode: '0x81a4',
      name: 'a.txt',
      folios: [{ folioAddress: '0x2003000', folioBits: { pfn: 0x2003, dirty: 1, uptodate: 1 } }],
    })
    const plan = planExtract(state, resolve(state, 'luo/sessions/s/files/2'))
    const out: Uint8Array[] = []
    writeContents(state, plan, bytes => void out.push(bytes.slice()))
    expect(Buffer.concat(out).toString()).toBe('hello')
  })

  it('memfd, by feature flags: 176 bytes', async () => {
    const mask = '0300000000000000'
    const state = await stateOfCalls([
      ...pagesAt({
        33554432: `${mask} ${mask} ${mask} ${'00'.repeat(104)}
          0500000000000000 0a00000000000000 01000000 00000000 0100000000000000
          0010000200000000 01000000 0100 0000`,
        33558528: '0000000000000000 0020000200000000',
        33562624: '0320000000003000 0000000000000000',
        33566720: Buffer.from('ten bytes, and more').toString('hex'),
      }),
      ...file('memfd'),
    ])
    const path = 'luo/sessions/s/files/1'
    expect(fieldsAt(state, path)).toMatchObject({
      features: { supp: '0x3', reqBits: { seals: 1, folios: 1 }, active: '0x3' },
      pos: 5,
      size: 10,
      seals: '0x1',
      nrFolios: 1,
      folios: [{ folioAddress: '0x2003000', folioBits: { pfn: 0x2003, dirty: 1, uptodate: 1 }, index: 0 }],
    })
    const out: Uint8Array[] = []
    writeContents(state, planExtract(state, resolve(state, path)), bytes => void out.push(bytes.slice()))
    expect(Buffer.concat(out).toString()).toBe('ten bytes,')
  })

  it('pstore: a child of the root FDT', async () => {
    const state = await stateOfCalls([
      {
        add_subtree: {
          name: 'pstore-kho',
          size: 48,
          contents: {
            hex: '01000000000000000400000000000000 00f8ad6a00000000 07000000 fdffffff 02000000 01000000 00000000 6f6f7073'.replaceAll(
              ' ',
              '',
            ),
          },
        },
      },
    ])
    expect(jsonAt(state, 'blobs/pstore-kho')).toMatchObject({
      format: 'struct',
      value: {
        type: 'pstore_kho_ser',
        fields: { version: 1, size: 4, timeSec: '1789786112', timeNsec: 7, count: -3, reason: 2, part: 1 },
      },
    })
  })
})

describe('a layout of the user', () => {
  const MINE = parseLayout(`
handlers: { mine-v1: mine }
structs:
  mine:
    fields:
      next: { at: 0, type: addr, to: { struct: mine } }
      both: { at: 8, type: addr, to: { struct: mine } }
      tag: { at: 16, type: "chars[8]" }
`)
  const layouts = layoutSet([MINE])
  const file = { luo_session: { name: 's', files: [{ token: 1, handler: 'mine-v1', data: 0x200_0000 }] } }
  const tag = (text: string) => Buffer.from(text).toString('hex').padEnd(16, '0')

  it('shows what two pointers lead to once, and does not go in circles', async () => {
    const state = await stateOfCalls(
      [
        ...pagesAt({
          33554432: `0010000200000000 0010000200000000 ${tag('one')}`,
          33558528: `0000000200000000 0010000200000000 ${tag('two')}`,
        }),
        file,
      ],
      { layouts },
    )
    const path = 'luo/sessions/s/files/1/struct'
    expect(jsonAt(state, 'luo/sessions/s/files/1')).toMatchObject({
      struct: {
        posted: null,
        fields: {
          tag: 'one',
          next: { tag: 'two', next: null, notKnown: { next: `it is ${path}`, both: `it is ${path}/next` } },
          both: null,
        },
      },
    })
    expect(ownerSets(state.tracker.decode.pages, ownershipOf(state)).orphaned).toEqual([])
  })

  it('ends on a list that is longer than anybody reads', async () => {
    const pages = Object.fromEntries(
      Array.from({ length: 400 }, (_, n) => {
        const next = Buffer.alloc(8)
        next.writeBigUInt64LE(BigInt(0x200_1000 + n * 4096))
        return [0x200_0000 + n * 4096, next.toString('hex')]
      }),
    )
    const state = await stateOfCalls([...pagesAt(pages), file], { layouts })
    expect(validateState(state).findings.map(({ rule }) => rule)).toContain('LAYOUT-CUT')
    expect(jsonLine(documentJson(state))).toContain('it lies too deep')
  })

  it('tells forms of one name by what a field never is', async () => {
    const given = parseLayout(`
      handlers: { mine: [a, b] }
      structs:
        a: { fields: { kind: { at: 0, type: u8, not: [0, 7] } } }
        b: { fields: { other: { at: 1, type: u8 } } }`)
    const layouts = layoutSet([given])
    for (const [bytes, type] of [
      ['01', 'a'],
      ['00', 'b'],
      ['07', 'b'],
    ] as const) {
      const state = await stateOfCalls([...pagesAt({ 33554432: bytes }), ...fileOf('mine')], { layouts })
      expect(jsonAt(state, 'luo/sessions/s/files/1')).toMatchObject({ struct: { type } })
    }
  })

  it('takes precedence over what was posted', async () => {
    const own = layoutSet([
      parseLayout('flbs: { pci: p }\nstructs: { p: { fields: { x: { at: 0, type: u8 } } } }'),
    ])
    const state = await stateOfFixture('pci', { layouts: own })
    expect(fieldsAt(state, 'luo/flbs/#0')).toEqual({ x: 2 })
  })
})

describe('bad states', () => {
  const rulesOf = (state: Awaited<ReturnType<typeof stateOfCalls>>) =>
    validateState(state, { all: true }).findings.filter(({ rule }) => /^(LAYOUT|PCI|VMALLOC)/.test(rule))

  it.each([
    [
      'LAYOUT-MISFIT',
      '07000000 00000000 0000000000000000',
      'no pci_ser: version is 7, not 2; no pci_ser_v1: version is 7, not 1',
    ],
    [
      'LAYOUT-POINTER',
      '02000000 00000000 00000000000000ff',
      'devices 0xff00000000000000 is no physical address',
    ],
    [
      'LAYOUT-CHAIN',
      '02000000 00000000 0800000200000000',
      'chain of devices has 0x2000008, which is not aligned',
    ],
    [
      'LAYOUT-ABSENT',
      '02000000 00000000 0000000700000000',
      'luo/flbs/#0/struct/devices leads to 0x7000000, which is not in the dump (excluded)',
    ],
  ])('%s', async (rule, bytes, message) => {
    const state = await stateOfCalls([
      ...pagesAt({ 33554432: bytes }),
      { luo_flb: { name: 'pci', data: 0x200_0000, count: 1 } },
    ])
    expect(rulesOf(state).map(found => [found.rule, found.message])).toContainEqual([rule, message])
  })

  it('LAYOUT-COUNT: more entries than there is room for', async () => {
    const state = await stateOfCalls([
      ...pagesAt({ 33554432: 'ffffffffffffff00' }),
      { luo_session: { name: 's', files: [{ token: 1, handler: 'iommufd-v1', data: 0x200_0000 }] } },
    ])
    expect(rulesOf(state).map(({ rule }) => rule)).toEqual(['LAYOUT-COUNT'])
  })

  it('LAYOUT-UNPRESERVED: what is not in the map', async () => {
    const state = await stateOfCalls([
      ...pagesAt({ 33554432: '02000000 00000000 0020000200000000' }),
      { luo_flb: { name: 'pci', data: 0x200_0000, count: 1 } },
      { preserve_folio: { address: 0x200_1000, order: 0, contents: 'zero' } },
      { preserve_folio: { address: 0x200_2000, order: 0, contents: 'zero' } },
      { unpreserve_folio: { address: 0x200_2000, order: 0 } },
    ])
    expect(rulesOf(state)).toEqual([
      expect.objectContaining({
        rule: 'LAYOUT-UNPRESERVED',
        address: 0x200_2000,
        path: 'luo/flbs/#0/struct/devices',
      }),
    ])
  })

  const pci = (nr: number, devices: object[]) =>
    stateOfCalls([{ luo_flb: { name: 'pci', count: 1, struct: { nr_devices: nr, devices } } }])

  it('PCI-DUPLICATE: two entries of one device, though not where one is free', async () => {
    const twice = { domain: 1, bdf: 0x307, refcount: 1 }
    expect(rulesOf(await pci(2, [twice, twice]))).toEqual([
      expect.objectContaining({
        rule: 'PCI-DUPLICATE',
        message: 'device 0001:03:00.7 is also luo/flbs/#0/struct/devices/#0',
        path: 'luo/flbs/#0/struct/devices/#1',
      }),
    ])
    expect(rulesOf(await pci(1, [{}, {}, twice]))).toEqual([])
  })

  it('PCI-COUNT: nr_devices is something else', async () => {
    expect(rulesOf(await pci(3, [{ bdf: 8, refcount: 1 }])).map(({ message }) => message)).toEqual([
      'nr_devices is 3, and 1 entry is in use',
    ])
  })

  it('PCI-FREE-ENTRY: something in an entry of nobody', async () => {
    expect(rulesOf(await pci(0, [{ bdf: 8 }])).map(({ rule, severity }) => [rule, severity])).toEqual([
      ['PCI-FREE-ENTRY', 'warning'],
    ])
  })
})

describe('the modules of layouts', () => {
  it('are what the files say: if not, `npm run layouts`', async () => {
    const { readdirSync } = await import('node:fs')
    const { parse } = await import('yaml')
    const { POSTED } = await import('../../../formats/described/index.js')
    const files = readdirSync(join(ROOT, 'layouts')).sort()
    const read = files.map(name => parse(readFileSync(join(ROOT, 'layouts', name), 'utf8')))
    expect(POSTED).toEqual(read)
  })
})
