import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readingKernel } from '../../../../formats/kernels/index.js'
import { geometry } from '../../../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../../../formats/memory/physical-memory.js'
import { listBlocks } from '../../../../formats/pages/runs.js'
import { bootKernel } from '../../../../src/kernel/reader/early-boot.js'
import { busySink, createBusy, extendedRanges } from '../../../../src/kernel/reader/extend.js'
import { createReaderMemory } from '../../../../src/kernel/reader/memory.js'
import type { BootInput } from '../../../../src/kernel/reader/populate.js'
import { RAM, soundMap } from '../../image/made-map.js'

const GEO = geometry(12)
const GIB = 2 ** 30

type Made = ReturnType<typeof soundMap>

function boot(
  made: Made,
  name: string,
  {
    ram = [RAM],
    memory = made.memory,
    ...more
  }: Partial<BootInput> & { ram?: { start: number; end: number }[] | null; memory?: PhysicalMemory } = {},
) {
  const reader = createReaderMemory(memory, GEO, ram, false)
  return bootKernel(reader, {
    kernel: readingKernel(name),
    geometry: GEO,
    root: made.root,
    scratch: null,
    ...more,
  })
}

describe('early boot', () => {
  it.each([
    ['6.16', 'kho-v1-512', 'kho_mem_deserialize'],
    ['6.18', 'kho-v1-page', 'kho_mem_deserialize'],
    ['7.1', 'kho-v3', 'kho_mem_retrieve'],
    ['7.2', 'kho-v4', 'kho_mem_retrieve'],
    ['7.3', 'kho-v4', 'kho_mem_retrieve'],
    ['v5', 'v5', 'kho_mem_deserialize'],
    ['v5-table', 'v5-table', 'kho_mem_deserialize'],
    ['kho-v2', 'kho-v2', 'kho_mem_retrieve'],
  ] as const)('of %s reserves what its map has: %s', (name, abi, step) => {
    const made = soundMap(abi)
    const { end, cause, reserved, roots, steps, events } = boot(made, name)
    expect([end, cause, events]).toEqual(['done', null, []])
    const blocks = listBlocks(reserved!.pages)
    expect(made.preserved.every(address => blocks.some(block => block.address === address))).toBe(true)
    expect(roots!.filter(root => root !== 0)).toEqual(made.reading.root.addresses.filter(root => root !== 0))
    expect(steps.find(({ function: of }) => of === step)).toEqual({
      function: step,
      message: 'the map is read to its end',
      address: roots!.find(root => root !== 0),
    })
  })

  it('is refused by another version, and takes a root of no RAM for no FDT', () => {
    const made = soundMap('kho-v4')
    expect(boot(made, '6.19')).toMatchObject({
      end: 'rejected',
      cause: { rule: 'ROOT-COMPATIBLE', address: made.root },
      reserved: null,
      roots: null,
    })
    expect(boot(made, '7.2', { root: RAM.end })).toMatchObject({
      end: 'rejected',
      cause: { rule: 'ROOT-FDT-INVALID', address: RAM.end },
    })
    expect(boot(made, '7.2', { root: 2 ** 60 })).toMatchObject({ cause: { address: null } })
  })

  it('ends where it faults, or where bytes decide that the dump lacks', () => {
    const made = soundMap('kho-v4')
    const [first] = made.reading.root.addresses
    const lacking: PhysicalMemory = {
      ...made.memory,
      read: (phys, length) =>
        phys < first! + 4096 && phys + length > first!
          ? { ok: false, reason: 'excluded', address: phys }
          : made.memory.read(phys, length),
    }
    expect(boot(made, '7.2', { memory: lacking })).toMatchObject({
      end: 'unknown',
      cause: { rule: 'READER-UNKNOWN', address: first },
      reserved: null,
    })
    const nowhere: PhysicalMemory = {
      ...made.memory,
      read(phys, length) {
        const read = made.memory.read(phys, length)
        if (!read.ok || phys !== first) return read
        const bytes = read.bytes.slice()
        new DataView(bytes.buffer).setBigUint64(0, BigInt(RAM.end), true)
        return { ...read, bytes }
      },
    }
    expect(boot(made, '7.2', { memory: nowhere })).toMatchObject({
      end: 'oops',
      cause: { rule: 'READER-OOPS', address: RAM.end },
    })
  })

  it('of 7.3.4 ends in the kdump kernel before the map, and shows no map where a copy has none', () => {
    const made = soundMap('kho-v4')
    expect(boot(made, '7.3.4', { kdump: true })).toMatchObject({
      end: 'rejected',
      cause: { rule: 'READER-CMDLINE', address: null },
      reserved: null,
    })
    for (const name of ['7.3', '7.2']) expect(boot(made, name, { kdump: true }).end).toBe('done')
    expect(boot(made, '7.3.4', { kdump: false }).end).toBe('done')
    const hidden = boot(made, '7.2', { mapHidden: true })
    expect([hidden.end, listBlocks(hidden.reserved!.pages)]).toEqual(['done', []])
    expect(hidden.assumptions).toContain('the map, and what else debugfs does not show, is sound')
    expect(boot(made, '7.2').assumptions).not.toContain(
      'the map, and what else debugfs does not show, is sound',
    )
  })

  it('of 7.3 opens what lies between busy blocks of 1 GiB, where RAM is known', () => {
    const made = soundMap('kho-v4')
    const ram = [RAM, { start: GIB, end: GIB * 2 }]
    const opened = boot(made, '7.3', { ram })
    expect(opened.extended).toEqual([{ start: GIB, end: 2 * GIB }])
    expect(opened.steps.find(({ function: of }) => of === 'kho_extend_scratch')).toEqual({
      function: 'kho_extend_scratch',
      message: '1 blocks of 1 GiB are busy; early boot may use 1 ranges between them',
      address: null,
    })
    const unknown = boot(made, '7.3', { ram: null })
    expect(unknown.extended).toBeNull()
    expect(unknown.steps.map(({ message }) => message).join()).toContain(
      'what RAM there is besides is not known',
    )
    expect(boot(made, '7.2', { ram }).extended).toBeNull()
  })

  it('up to 6.18 restores the root FDT, and says where that is not preserved', () => {
    const made = soundMap('kho-v1-page', { compatible: 'kho-v1' })
    expect(boot(made, '6.18').events).toEqual([])
    const { found, memory } = made
    const moved: PhysicalMemory = {
      ...memory,
      read: (phys, length) =>
        phys >= RAM.end - 4096
          ? memory.read(found.address + phys - (RAM.end - 4096), length)
          : memory.read(phys, length),
    }
    const elsewhere = (name: string) => boot(made, name, { memory: moved, root: RAM.end - 4096 }).events
    expect(elsewhere('6.18')).toEqual([
      expect.objectContaining({ rule: 'ROOT-FDT-PRESERVED', address: RAM.end - 4096 }),
    ])
    expect(elsewhere('6.19')).toEqual([])
  })
})

describe('blocks of 1 GiB that are busy', () => {
  const block = fc.record({ order: fc.constantFrom(0, 1, 9, 17, 18, 19, 20, 22), number: fc.nat(2 ** 20) })

  it('are those in which a block lies, or a page of the tree', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), fc.nat(2 ** 20), (list, tree) => {
        const busy = createBusy(GEO, GIB)
        const sink = busySink(busy)
        const expected = new Set<number>()
        const add = (start: number, end: number) => {
          for (let n = Math.floor(start / GIB); n * GIB < end; n++) expected.add(n)
        }
        for (const { order, number } of list) {
          const size = 2 ** (12 + order)
          const at = order > 17 ? number % 64 : number
          const first = at - (at % 32)
          // Others in the same bitmap, some blocks further on.
          const words = new Uint32Array(40)
          for (const bit of [at % 32, 700, 1279]) {
            words[bit >>> 5]! |= 1 << (bit & 31)
            add((first + bit) * size, (first + bit + 1) * size)
          }
          sink.blocks(order, first, words)
        }
        sink.tracker(tree * 4096, 4096)
        add(tree * 4096, tree * 4096 + 1)
        expect(new Set(busy.blocks)).toEqual(expected)
        expect(busy.failed).toBeNull()
      }),
      { numRuns: 60 },
    )
  })

  it('are those of odd reservations too, and of blocks that begin at any page', () => {
    const busy = createBusy(GEO, GIB)
    const sink = busySink(busy)
    sink.odd(3 * GIB - 1, 2, 0)
    sink.odd(7 * GIB, 0, 0)
    sink.shifted(18, 9 * 2 ** 18 + 5, Uint32Array.of(1))
    expect([...busy.blocks]).toEqual([2, 3, 7, 9, 10])
    expect(extendedRanges(busy, [{ start: GIB, end: 5 * GIB }])).toEqual([
      { start: GIB, end: 2 * GIB },
      { start: 4 * GIB, end: 5 * GIB },
    ])
    sink.odd(0, (2 ** 22 + 1) * GIB, 0)
    expect(busy.failed).toBe(`-ENOMEM, after ${2 ** 22 + 1} blocks were asked for`)
    sink.odd(0, (2 ** 22 + 2) * GIB, 0)
    expect(busy.failed).toContain(`${2 ** 22 + 1} `)
  })
})
