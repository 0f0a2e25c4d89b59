import { describe, expect, it } from 'vitest'
import { findChild, findProperty } from '../../../formats/fdt/index.js'
import { DAMAGES, type DamageTarget } from '../../../src/damage/index.js'
import { RULES } from '../../../src/rules/catalogue.js'
import { parseReserveMem } from '../../../src/rules/checks/memblock.js'
import { complaints, contextOf, type Example, found } from './examples.js'

const luoOf = (target: DamageTarget) => {
  const value = target.blobs().find(blob => blob.name === 'LUO')?.value
  if (value?.kind !== 'luo') throw new Error('no LUO')
  return value
}
const fileOf = (target: DamageTarget, n = 0) => luoOf(target).sessions.flatMap(session => session.files)[n]!
const memfdOf = (target: DamageTarget, n = 0) => fileOf(target, n).memfd!
/** Address of the nth entry in the list of folios. */
const folioOf = (target: DamageTarget, memfd: number, n: number) =>
  memfdOf(target, memfd).vmalloc!.runs[0]! + n * 16
const pfnOf = (target: DamageTarget, memfd: number, n: number) =>
  target.u64(folioOf(target, memfd, n)) % 2 ** 52
const regionOf = (target: DamageTarget, name: string) => {
  const value = target.blobs().find(blob => blob.name === 'memblock')?.value
  if (value?.kind !== 'memblock') throw new Error('no memblock')
  return value.regions.find(region => region.name === name)!
}
/** Takes an order-0 key out of a radix tree of 4K pages. */
function unpreserve(target: DamageTarget, address: number): void {
  let node = target.tracker().root.addresses[0]!
  const key = 2 ** 52 + address / 4096
  for (let level = 5; level > 0; level--) {
    const weight = 2 ** ((level - 1) * 9 + 15)
    node = target.u64(node + (Math.floor(key / weight) % 512) * 8)
  }
  const bit = key % 32768
  const at = node + Math.floor(bit / 8)
  const byte = target.read(at, 1)[0]!
  target.write(at, Uint8Array.of(byte - (byte & (1 << (bit % 8)))))
}
const write32be = (target: DamageTarget, at: number, value: number) => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  target.write(at, bytes)
}

const MACHINE = {
  ram: ['0-8G'],
  scratch: [
    { address: 0x4000_0000, size: '64M' },
    { address: 0x8000_0000, size: '128M' },
    { address: 0xc000_0000, size: '64M' },
  ],
}

/** Bad examples that no damage of `simulate` makes: a rule, and a machine on which it must find something. */
const EXAMPLES: Record<string, Example> = {
  'BLOB-NO-READER': { kernel: '7.2' },
  'CHUNK-BITMAP-SIZE': { kernel: '6.16', reader: '6.18' },
  'KHO-TEST-CSUM': {
    kernel: '7.2',
    damage: target => {
      const value = target.blobs().find(blob => blob.name === 'kho_test')?.value
      if (value?.kind !== 'kho-test') throw new Error('no kho_test')
      const at = value.folios.address[0]!
      target.write(at, Uint8Array.of(target.read(at, 1)[0]! ^ 0x5a))
    },
  },
  'KHO-TEST-UNPRESERVED': {
    kernel: '7.2',
    damage: target => {
      const value = target.blobs().find(blob => blob.name === 'kho_test')?.value
      if (value?.kind !== 'kho-test') throw new Error('no kho_test')
      const list = value.vmalloc!.runs[0]!
      target.write64(list, target.u64(list) + 1)
    },
  },
  'LAYOUT-UNPRESERVED': {
    kernel: '7.2',
    damage: target => unpreserve(target, Number(luoOf(target).flbs!.entries[0]!.data)),
    scenario: pciFlb(1, [{ bdf: 8, refcount: 1 }]),
  },
  'LUO-FLB-VERSION': { kernel: '7.2' },
  'LUO-HANDLER': {
    kernel: '7.2',
    damage: target => target.write(fileOf(target).extent.start, text('memfd-v9')),
  },
  'LUO-NOT-SERIALISED': {
    kernel: '7.2',
    damage: target => target.write64(luoOf(target).extent.start + 16, 0),
  },
  'LUO-UNPRESERVED': { kernel: '7.2', damage: target => unpreserve(target, memfdOf(target).extent.start) },
  'MAP-DUPLICATE-OWNER': {
    kernel: '7.2',
    damage: target => target.write64(folioOf(target, 2, 0), target.u64(folioOf(target, 0, 0))),
  },
  'MAP-ORDER-RESTORE': { kernel: '6.19', scenario: hugeMemfd() },
  'MEMBLOCK-CMDLINE': { kernel: '7.2', cmdline: 'quiet reserve_mem=1M:4096:trace' },
  'MEMBLOCK-IN-SCRATCH': {
    kernel: '7.2',
    damage: target => {
      const { address } = target.blobs().find(blob => blob.name === 'memblock')!
      const value = target.blobs().find(blob => blob.name === 'memblock')?.value
      if (value?.kind !== 'memblock') throw new Error('no memblock')
      const bytes = target.read(address!, 4096)
      const start = regionOf(target, 'trace').start!
      const at = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64
      for (let offset = 0; offset < 4088; offset += 4) {
        if (at.call(new DataView(bytes.buffer, bytes.byteOffset), offset, true) === BigInt(start)) {
          target.write64(address! + offset, 0x4000_0000)
        }
      }
    },
  },
  'MEMBLOCK-UNPRESERVED': {
    kernel: '7.2',
    damage: target => unpreserve(target, regionOf(target, 'oops').start!),
    scenario: onePageRegion(),
  },
  'MEMFD-COVERAGE': {
    kernel: '7.2',
    damage: target => target.write64(memfdOf(target).extent.start + 8, 9 * 4096),
  },
  'MEMFD-FOLIO-RANGE': {
    kernel: '7.2',
    damage: target => target.write64(folioOf(target, 1, 1) + 8, 2),
  },
  'MEMFD-FOLIO-UNPRESERVED': {
    kernel: '7.2',
    damage: target => unpreserve(target, pfnOf(target, 0, 0) * 4096),
  },
  'MEMFD-FOLIOS-ABSENT': {
    kernel: '7.2',
    damage: target => target.remove(memfdOf(target).vmalloc!.runs[0]!),
  },
  'MEMFD-SEALS-LOST': { kernel: '6.19' },
  'PCI-COUNT': { kernel: '7.2', scenario: pciFlb(3, [{ bdf: 8, refcount: 1 }]) },
  'PCI-DUPLICATE': {
    kernel: '7.2',
    scenario: pciFlb(2, [
      { bdf: 8, refcount: 1 },
      { bdf: 8, refcount: 1 },
    ]),
  },
  'PCI-FREE-ENTRY': { kernel: '7.2', scenario: pciFlb(0, [{ bdf: 8 }]) },
  'ROOT-FDT-SIZE': { kernel: '7.2', damage: target => write32be(target, target.root + 4, 8192) },
  'ROOT-STRUCTURE': {
    kernel: '7.2',
    damage: target => {
      const child = findChild(target.fdt().root, 'driver-b')!
      const property = findProperty(child, 'blob-size')!
      write32be(target, target.root + property.offset - 8, 4)
    },
  },
  'SCRATCH-COUNT': { kernel: '7.2', scenario: oneScratchArea() },
  'HANDOFF-FDT-SIZE': {
    kernel: '7.2',
    damage: target => target.write64(target.machine.records[0]! + 24, 8192),
  },
  'SCRATCH-LENGTH': {
    kernel: '7.2',
    options: { scratch: { address: 0x4000_0000, size: 20 } },
  },
  'VMALLOC-CHUNK-FULL': { kernel: '6.18', reader: '6.18' },
  'VMALLOC-RESTORE-STEP': { kernel: '7.2', scenario: splitRun() },
  'VMALLOC-UNPRESERVED': {
    kernel: '7.2',
    damage: target => unpreserve(target, memfdOf(target).vmalloc!.first!),
  },
  'DUMP-BLIND-SPOT': { kernel: '7.2', ram: false },
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`)
}

function hugeMemfd() {
  return {
    machine: { ...MACHINE, kernel: '6.19' as const },
    calls: [
      { luo_session: { name: 'a', memfds: [{ token: 1, size: '8M', order: 11 }] } },
      'finalize',
      'kexec',
    ],
  }
}

function onePageRegion() {
  return {
    machine: { ...MACHINE, kernel: '7.2' as const },
    calls: [{ reserve_mem: { name: 'oops', size: 4096 } }, 'kexec'],
  }
}

function pciFlb(count: number, devices: object[]) {
  const struct = { nr_devices: count, devices }
  return {
    machine: { ...MACHINE, kernel: '7.2' as const },
    calls: [{ luo_flb: { name: 'pci', count: 0, struct } }, 'kexec'],
  }
}

function oneScratchArea() {
  return {
    machine: { ...MACHINE, scratch: MACHINE.scratch.slice(0, 1), kernel: '7.2' as const },
    calls: ['kexec'],
  }
}

/** Runs of two pages over a border between nodes, where they are preserved page by page. */
function splitRun() {
  return {
    machine: {
      ...MACHINE,
      kernel: '7.2' as const,
      nodes: [
        { id: 0, range: '0-0x100001000' },
        { id: 1, range: '0x100001000-8G' },
      ],
    },
    calls: [
      {
        preserve_vmalloc: {
          name: 'area',
          pages: 2,
          order: 1,
          addresses: ['0x100000000'],
          chunks: [0x1_8000_0000],
        },
      },
      'kexec',
    ],
  }
}

describe('bad examples', () => {
  it.each(Object.entries(EXAMPLES))('%s is found', async (id, example) => {
    const occurrences = found(await contextOf(example), id)
    expect(occurrences.length).toBeGreaterThan(0)
    for (const { message } of occurrences) expect(message).not.toMatch(/undefined|NaN|null/)
  })

  it('are there for every predicate: here, or as a damage of simulate', () => {
    const without = RULES.filter(
      ({ id, check }) => check !== undefined && !(id in EXAMPLES) && !(id in DAMAGES),
    )
    expect(without.map(rule => rule.id)).toEqual([])
  })
})

describe('the undamaged machines', () => {
  it.each(['7.2', '7.1', '7.0', '6.19', '6.18', '6.17.9', '6.17', '6.16', 'array', 'v4'] as const)(
    'of %s give nobody anything to say but that an FLB object is of a version that was not released',
    async kernel => {
      const expected = ['7.2', '7.1', '7.0'].includes(kernel) ? ['LUO-FLB-VERSION'] : []
      expect(complaints(await contextOf({ kernel }))).toEqual(expected)
    },
  )
})

describe('guards against false alarms', () => {
  it('an area of exactly 511 pages, with the empty chunk page behind it, is in order', async () => {
    const calls = [{ preserve_vmalloc: { name: 'area', pages: 511 } }, 'kexec']
    const context = await contextOf({
      kernel: '7.2',
      scenario: { machine: { ...MACHINE, kernel: '7.2' }, calls },
    })
    const area = context.state.blobs().find(blob => blob.value?.kind === 'vmalloc')!
    expect(area.value).toMatchObject({ complete: true, chunks: { length: 2 } })
    expect([complaints(context), area.faults]).toEqual([[], []])
  })

  it('a scratch area of size 0 is in order, wherever its address lies', async () => {
    const scratch = [...MACHINE.scratch, { address: 0x4000_0000, size: 0 }, { address: '64G', size: 0 }]
    const context = await contextOf({
      kernel: '7.2',
      scenario: { machine: { ...MACHINE, scratch, kernel: '7.2' }, calls: ['kexec'] },
    })
    expect(context.state.scratch).toHaveLength(5)
    expect(complaints(context)).toEqual([])
  })
})

describe('a child that nobody asks for', () => {
  const childrenOf = async (names: string[], kernel: '7.2' | '6.18' = '7.2') => {
    const calls = [...names.map(name => ({ add_subtree: { name, size: 8 } })), 'finalize', 'kexec']
    const context = await contextOf({
      kernel,
      reader: kernel,
      scenario: { machine: { ...MACHINE, kernel }, calls },
    })
    const messages = found(context, 'BLOB-NO-READER').map(({ message }) => message)
    return messages
      .map(message => message.replace(/^nothing in Linux [\d.]+ itself looks at the child /, ''))
      .sort()
  }

  it('is told, with the name that was probably meant', async () => {
    expect(await childrenOf(['nemblock', 'luo', 'my-driver', 'kho-test', 'kexec_metadat'])).toEqual([
      "'kexec_metadat'; 'kexec-metadata' was probably meant",
      "'kho-test'; 'kho_test' was probably meant",
      "'luo'; 'LUO' was probably meant",
      "'my-driver'; a module may",
      "'nemblock'; 'memblock' was probably meant",
    ])
  })

  it('is not one that a subsystem, or a layout, knows', async () => {
    expect(await childrenOf(['pstore-kho', 'kho_test@0'])).toEqual([])
    expect(await childrenOf(['kexec-metadata'], '6.18')).toEqual(["'kexec-metadata'; a module may"])
  })
})

describe('reserve_mem= of a command line', () => {
  it('is read as the kernel reads it', () => {
    expect(
      parseReserveMem('a reserve_mem=2M:4K:trace b reserve_mem=0x1000:0x10:x reserve_mem=010::y'),
    ).toEqual([
      { name: 'trace', size: 2 ** 21, align: 4096 },
      { name: 'x', size: 4096, align: 16 },
      { name: 'y', size: 8, align: 0 },
    ])
    expect(parseReserveMem('reserve_mem= reserve_mem=0:4096:none reserve_mem=12 reserve_mem=1Q:1:z')).toEqual(
      [],
    )
  })

  it('that asks for what is there is in order; what it asks for in vain, or does not, is told', async () => {
    const asked = 'reserve_mem=256K:4096:trace reserve_mem=12K:4096:oops'
    expect(found(await contextOf({ kernel: '7.2', cmdline: asked }), 'MEMBLOCK-CMDLINE')).toEqual([])
    const other = found(
      await contextOf({ kernel: '7.2', cmdline: 'reserve_mem=256K:1G:trace reserve_mem=4K:4K:new' }),
      'MEMBLOCK-CMDLINE',
    )
    expect(other.map(({ message, severity }) => [message.split(/[(:]/)[0]!.trim(), severity])).toEqual([
      ["KHO reserve-mem 'trace' has wrong alignment", undefined],
      ["FDT 'memblock' has no child 'new'", 'warning'],
      ['no reserve_mem= of the command line asks for region "oops"', 'info'],
    ])
  })
})
