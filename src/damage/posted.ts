import { layoutSet } from '../../formats/described/index.js'
import { KHO_BLOCK_HEADER, offsetOf, type Struct } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { filesOf, luoOf } from './luo-parts.js'
import { cannotBreak } from './target.js'

const NAME = 'pci'

/** The PCI core's object, the first block of its devices, and the tables of both: as posted, not merged. */
function pciOf(target: DamageTarget) {
  const flb = luoOf(target).luo.flbs?.entries.find(({ name }) => name === NAME)
  const compiled = layoutSet().find('flbs', NAME)?.candidates[0]
  const device = compiled?.links.find(({ target: inner }) => inner !== null)?.target
  if (flb === undefined || compiled === undefined || device == null) throw cannotBreak(`FLB ${NAME}`)
  const address = Number(flb.data)
  const block = target.u64(address + at(compiled.struct, 'devices'))
  const entries = block + KHO_BLOCK_HEADER.size
  return { address, block, ser: compiled.struct, device: device.struct, entries }
}

/** Where files that a layout tells of count the entries of a list. */
function countersOf(target: DamageTarget): { place: number; path: string }[] {
  return filesOf(target).flatMap(({ compatible, data, path }) => {
    const links = layoutSet().find('handlers', compatible)?.candidates[0]?.links ?? []
    return links.flatMap(({ to, counter }) =>
      to.kind === 'vmalloc' && counter?.bytes === 8 ? [{ place: Number(data) + counter.offset, path }] : [],
    )
  })
}

function at(struct: Struct, field: string): number {
  return offsetOf(struct, field as never)
}

/** The PCI core's structure with another number in a field. */
function withField(field: string, value: number) {
  return (target: DamageTarget): string => {
    const { address, ser } = pciOf(target)
    target.write32(address + at(ser, field), value)
    return `${field} at ${hex(address)} is ${value}`
  }
}

/** What a layout tells, and the PCI core's object, which one tells. */
export const postedDamages: DamageTable = {
  'PCI-COUNT': {
    about: 'the PCI core counts more devices than it lists',
    apply: withField('nr_devices', 99),
  },
  'PCI-DUPLICATE': {
    about: 'two entries of the PCI core are the same device',
    apply(target) {
      const { entries, device } = pciOf(target)
      target.write(entries + device.size, target.read(entries, device.size).slice())
      return `the entries at ${hex(entries)} and behind it are the same`
    },
  },
  'PCI-FREE-ENTRY': {
    about: 'an entry of the PCI core that is free holds something',
    apply(target) {
      const { entries, device } = pciOf(target)
      target.write(entries + at(device, 'refcount'), new Uint8Array(2))
      return `refcount of the entry at ${hex(entries)} is 0`
    },
  },
  'LAYOUT-MISFIT': {
    about: 'the PCI core is of a version that nobody reads',
    apply: withField('version', 77),
  },
  'LAYOUT-POINTER': {
    about: "the PCI core's list begins at no address",
    apply(target) {
      const { address, ser } = pciOf(target)
      target.write64(address + at(ser, 'devices'), 2n ** 60n)
      return `devices at ${hex(address)} is 0x1000000000000000`
    },
  },
  'LAYOUT-CHAIN': {
    about: "a block of the PCI core's list leads back to itself",
    apply(target) {
      const { block } = pciOf(target)
      target.write64(block + at(KHO_BLOCK_HEADER, 'next'), block)
      return `block ${hex(block)} leads to itself`
    },
  },
  'LAYOUT-COUNT': {
    about: 'a list that a layout tells of counts more than it has room for',
    apply(target) {
      const { place, path } = target.pick(countersOf(target), 'list that a layout tells of')
      target.write64(place, 2 ** 32)
      return `the list of ${path} counts ${2 ** 32} entries`
    },
  },
  'LAYOUT-ABSENT': {
    about: "the PCI core's structure is not in the dump",
    apply(target) {
      const { address } = pciOf(target)
      target.remove(address)
      return `page ${hex(address)} taken out`
    },
  },
  'LAYOUT-UNPRESERVED': {
    about: "the PCI core's structure is not preserved",
    apply(target) {
      const { address } = pciOf(target)
      if (!target.unpreserve(address, 0)) throw cannotBreak('preserved page of the PCI core')
      return `the bit of ${hex(address)} cleared`
    },
  },
}
