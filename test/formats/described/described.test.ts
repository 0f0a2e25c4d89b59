import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createContext } from '../../../formats/blobs/context.js'
import {
  type Compiled,
  type DescribedIndex,
  type DescribedNode,
  type DescribedRoot,
  type DescribedValue,
  describedValue,
  encodeDescribed,
  type FollowContext,
  follow,
  misfit,
  readDescribed,
  walkDescribed,
} from '../../../formats/described/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder, type MemoryBuilder } from '../../../formats/memory/memory-builder.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { parseLayout } from '../../../src/layouts/layout-file.js'

const GEOMETRY = geometry(12)
const SHIPPED = readdirSync('layouts').map(
  name => [name, parseLayout(readFileSync(`layouts/${name}`, 'utf8'), name)] as const,
)
const layout = (name: string) => SHIPPED.find(([file]) => file === `${name}.yaml`)![1]

function builder(): { builder: MemoryBuilder; blocks: Map<number, number> } {
  const blocks = new Map<number, number>()
  const made = createMemoryBuilder({ geometry: GEOMETRY, ram: [{ start: 0x100000, end: 0x8000000 }] })
  return {
    builder: {
      ...made,
      allocate(count = 1, align) {
        const pages = made.allocate(count, align)
        blocks.set(pages.address, count * 4096)
        return pages
      },
    },
    blocks,
  }
}

function encode(allocator: MemoryBuilder, all: Compiled, name: string, value: DescribedValue): number {
  return encodeDescribed({ allocator, geometry: GEOMETRY }, all.structs.get(name)!, value).address
}

function contextOf(memory: PhysicalMemory, blocks: ReadonlyMap<number, number> = new Map()): FollowContext {
  return { ...createContext(memory, GEOMETRY), blockBytes: address => blocks.get(address) ?? 0 }
}

function rootOf(memory: PhysicalMemory, all: Compiled, name: string, address: number): DescribedNode {
  const read = readDescribed(contextOf(memory), all.structs.get(name)!, address)
  if ('absent' in read) throw new Error(read.absent)
  return read.node
}

function rootAt(memory: PhysicalMemory, all: Compiled, name: string, address: number): DescribedRoot {
  return { path: 'x', all, node: rootOf(memory, all, name, address), claimed: false }
}

function claimsIn({ claims }: DescribedIndex): { start: number; end: number; kind: string; path: string }[] {
  return [...claims.values()].flat().flatMap(({ kind, starts, sizes, pathOf }) =>
    [...starts].flatMap((start, n) => {
      const size = sizes[n]!
      return size === 0 ? [] : [{ start, end: start + size, kind, path: pathOf(n) }]
    }),
  )
}

/** What was encoded, read back: the value that `encodeDescribed` was given, with memory as its bytes. */
function decoded(context: FollowContext, all: Compiled, node: DescribedNode): Record<string, unknown> {
  const value = describedValue(node)
  for (const link of node.compiled.links) {
    if (link.to.kind === 'folio') continue
    const found = follow(context, node, link, 'x')
    expect(found.missing).toBeNull()
    const list = Array.from({ length: found.count ?? -1 }, (_, n) => decoded(context, all, found.at(n)!))
    const [only] = list
    value[link.field.name] =
      'struct' in link.to
        ? link.to.kind === 'struct'
          ? only
          : list
        : found.data.map(({ start, end }) => (end - start) / 4096)[0]
  }
  return value
}

describe('the shipped layouts', () => {
  it('lay out PCI devices as the header says, byte for byte', () => {
    const { builder: memory } = builder()
    const all = layout('pci')
    const address = encode(memory, all, 'pci_ser', {
      nr_devices: 2,
      devices: [
        { domain: 0, bdf: 0x0018, refcount: 1 },
        { domain: 1, bdf: 0xff07, refcount: 3 },
      ],
    })
    const hexAt = (at: number, size: number) => {
      const read = memory.memory().read(at, size)
      return read.ok ? Buffer.from(read.bytes).toString('hex') : read.reason
    }
    expect(hexAt(address, 16)).toMatch(/^0200000002000000[0-9a-f]{16}$/)
    const [devices] = [memory.segments().at(-1)!.phys]
    const blocks = follow(
      contextOf(memory.memory()),
      rootOf(memory.memory(), all, 'pci_ser', address),
      all.structs.get('pci_ser')!.links[0]!,
      'x',
    )
    expect(hexAt(blocks.extents[0]!.start, 32)).toBe(
      '0000000000000000' + '0200000000000000' + '0000000018000100' + '0100000007ff0300',
    )
    expect(blocks.count).toBe(2)
    expect(devices).toBeGreaterThan(0)
  })

  it('hold 510 devices in a block of 4K', () => {
    const { builder: memory } = builder()
    const all = layout('pci')
    const devices = Array.from({ length: 511 }, (_, n) => ({ domain: n, bdf: n, refcount: 1 }))
    const address = encode(memory, all, 'pci_ser', { nr_devices: 511, devices })
    const context = contextOf(memory.memory())
    const root = rootOf(memory.memory(), all, 'pci_ser', address)
    const found = follow(context, root, root.compiled.links[0]!, 'flb')
    expect(found.extents).toHaveLength(2)
    expect(found.count).toBe(511)
    expect(describedValue(found.at(510)!)).toEqual({ domain: 510, bdf: 510, refcount: 1 })
    expect(context.faults()).toEqual([])
  })

  it.each([
    ['vfio', 'vfio_pci_core_device_ser', { domain: 0x11223344, bdf: 0x0010 }, '443322111000'],
    [
      'hugetlb',
      'hugetlb_ser',
      { hstate1: { nr_pages: 5n, order: 9 }, nr_hstates: 2 },
      `${'00'.repeat(9)}050000000000000009${'00'.repeat(18)}02`,
    ],
    [
      'tmpfs',
      'tmpfs_mnt_ser',
      { max_blocks: 0x100n, mode: 0o1777, flags: 4 },
      '0001000000000000' + 'ff030000' + '04000000',
    ],
    [
      'caretaker',
      'kvm_vcpu_ser',
      { vcpu_id: 1, flags: 1, vm_token: 7n },
      `0100000001000000${'07'.padEnd(16, '0')}${'00'.repeat(16)}`,
    ],
    [
      'pstore',
      'pstore_kho_ser',
      { size: 3n, count: 2, part: 1 },
      `01000000${'00'.repeat(4)}03${'00'.repeat(7)}${'00'.repeat(12)}02000000${'00'.repeat(4)}01000000${'00'.repeat(4)}`,
    ],
    ['iommu', 'iommu_flb_ser', {}, `01${'00'.repeat(31)}`],
  ])('%s: %s is laid out as posted', (file, name, value: DescribedValue, bytes) => {
    const { builder: memory } = builder()
    const all = layout(file)
    const address = encode(memory, all, name, value)
    const node = rootOf(memory.memory(), all, name, address)
    expect(Buffer.from(node.bytes).toString('hex')).toBe(bytes)
    expect(misfit(node)).toBeNull()
  })

  it('own what they lead to', () => {
    const { builder: memory, blocks } = builder()
    const all = layout('kvm')
    const folios = [1, 4, 1].map(pages => memory.allocate(pages).address)
    const address = encode(memory, all, 'guest_memfd_ser', {
      size: 0x6000n,
      nr_folios: 3n,
      folios: folios.map((at, n) => ({ folio: BigInt(at / 4096) | (1n << 52n), index: BigInt(n) })),
    })
    const context = contextOf(memory.memory(), blocks)
    const walk = walkDescribed(context, [rootAt(memory.memory(), all, 'guest_memfd_ser', address)])
    const owned = claimsIn(walk).map(({ start }) => start - (start % 4096))
    expect(new Set(owned)).toEqual(new Set(blocks.keys()))
    expect(
      claimsIn(walk)
        .filter(({ kind }) => kind === 'data')
        .map(({ start, end }) => (end - start) / 4096)
        .sort(),
    ).toEqual([1, 1, 4])
    expect(walk.missing).toEqual([])
  })

  it('own the tables of a domain, and the domain once', () => {
    const { builder: memory, blocks } = builder()
    const all = layout('iommu')
    const [top, middle, leaf] = [memory.allocate(), memory.allocate(), memory.allocate()]
    new DataView(top.bytes.buffer, top.bytes.byteOffset).setBigUint64(8, BigInt(middle.address) | 3n, true)
    new DataView(middle.bytes.buffer, middle.bytes.byteOffset).setBigUint64(
      0,
      BigInt(leaf.address) | 3n,
      true,
    )
    new DataView(middle.bytes.buffer, middle.bytes.byteOffset).setBigUint64(16, 0x200083n, true)
    const domain = memory.allocate()
    all.structs.get('iommu_domain_ser')!.struct.write(domain.bytes, 16, {
      obj: { ref_count: 1, flags: 0 },
      top_table_phys: top.address,
      top_level: 3n,
      vasz: 48,
      sign_extend: 0,
      restored_domain: 0n,
    })
    new DataView(domain.bytes.buffer, domain.bytes.byteOffset).setBigUint64(8, 1n, true)
    const flb = memory.allocate()
    all.structs.get('iommu_flb_ser')!.struct.write(flb.bytes, 0, {
      version: 1n,
      iommu_array_phys: 0,
      iommu_domain_array_phys: domain.address,
      device_array_phys: 0,
    })
    const context = contextOf(memory.memory(), blocks)
    const walk = walkDescribed(context, [rootAt(memory.memory(), all, 'iommu_flb_ser', flb.address)])
    const data = claimsIn(walk)
      .filter(({ kind }) => kind === 'data')
      .map(({ start }) => start)
    expect(data).toEqual([top.address, middle.address, leaf.address])
  })
})

describe('encoding', () => {
  const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const device = fc.record({ domain: fc.nat(), bdf: fc.nat(0xffff), refcount: fc.nat(0xffff) })

  it('of any PCI state reads back', () => {
    fc.assert(
      fc.property(fc.array(device, { maxLength: 1200 }), devices => {
        const { builder: memory } = builder()
        const all = layout('pci')
        const value = { version: 2, nr_devices: devices.length, devices }
        const address = encode(memory, all, 'pci_ser', value)
        const context = contextOf(memory.memory())
        expect(decoded(context, all, rootOf(memory.memory(), all, 'pci_ser', address))).toEqual(value)
        expect(context.faults()).toEqual([])
      }),
      { numRuns: 20 },
    )
  })

  it('of lists in vmalloc areas, tails and nested structures reads back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ gfn: word, attributes: word }), { maxLength: 600 }),
        fc.array(fc.record({ domain: fc.nat(), bdf: fc.nat(0xffff), refcount: fc.nat(0xffff) }), {
          maxLength: 9,
        }),
        (attributes, tail) => {
          const { builder: memory } = builder()
          const vm = { type: 1n, nr_mem_attrs: BigInt(attributes.length), mem_attrs: attributes }
          const at = encode(memory, layout('kvm'), 'kvm_vm_ser', vm)
          const context = contextOf(memory.memory())
          expect(
            decoded(context, layout('kvm'), rootOf(memory.memory(), layout('kvm'), 'kvm_vm_ser', at)),
          ).toEqual(vm)
          const narrow = { max_nr_devices: 16, nr_devices: tail }
          const place = encode(memory, layout('pci'), 'pci_ser_narrow', narrow)
          const again = contextOf(memory.memory())
          expect(
            decoded(again, layout('pci'), rootOf(memory.memory(), layout('pci'), 'pci_ser_narrow', place)),
          ).toEqual(narrow)
        },
      ),
      { numRuns: 20 },
    )
  })
})

describe('following', () => {
  it('ends on chains that come back, and says so', () => {
    const { builder: memory } = builder()
    const all = layout('pci')
    const block = memory.allocate()
    const view = new DataView(block.bytes.buffer, block.bytes.byteOffset)
    view.setBigUint64(0, BigInt(block.address), true)
    view.setBigUint64(8, 2n, true)
    const flb = memory.allocate()
    all.structs
      .get('pci_ser')!
      .struct.write(flb.bytes, 0, { version: 2, nr_devices: 2, devices: block.address })
    const context = contextOf(memory.memory())
    walkDescribed(context, [rootAt(memory.memory(), all, 'pci_ser', flb.address)])
    expect(context.faults().map(({ message }) => message)).toEqual([
      `chain of devices comes back to 0x${block.address.toString(16)}`,
    ])
  })

  it('says what the dump lacks, and counts nothing there', () => {
    const { builder: memory } = builder()
    const all = layout('pci')
    const flb = memory.allocate()
    all.structs.get('pci_ser')!.struct.write(flb.bytes, 0, { version: 2, nr_devices: 2, devices: 0x40000000 })
    const context = contextOf(memory.memory())
    const root = rootOf(memory.memory(), all, 'pci_ser', flb.address)
    const found = follow(context, root, root.compiled.links[0]!, 'flb')
    expect(found).toMatchObject({ count: null, missing: { address: 0x40000000, reason: 'outside' } })
  })

  it('ends on any bytes', () => {
    for (const [, all] of SHIPPED) {
      for (const compiled of all.structs.values()) {
        fc.assert(
          fc.property(fc.integer(), fc.nat(0x3fff), (seed, flip) => {
            const { builder: memory } = builder()
            const pages = memory.allocate(4)
            pages.bytes.forEach((_, at) => {
              pages.bytes[at] = Math.imul(seed ^ at, 0x9e3779b1) >>> 24
            })
            const view = new DataView(pages.bytes.buffer, pages.bytes.byteOffset)
            for (let at = 0; at + 8 <= 0x4000; at += 24) {
              view.setBigUint64(at, BigInt(pages.address + ((at * 7 + flip) % 4) * 0x1000), true)
            }
            const context = contextOf(memory.memory(), new Map([[pages.address, 0x4000]]))
            walkDescribed(context, [rootAt(memory.memory(), all, compiled.name, pages.address)])
          }),
          { numRuns: 5 },
        )
      }
    }
  })
})
