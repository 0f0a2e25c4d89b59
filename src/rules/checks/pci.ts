import { type DescribedNode, describedValue } from '../../../formats/described/index.js'
import { appendPath } from '../../../formats/layout/index.js'
import type { KhoState } from '../../image/state.js'
import { type Described, describedOf } from '../../model/described-index.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { luoOf, plural } from './context.js'

/** One entry of the list of PCI devices. */
interface PciDevice {
  domain: number
  bdf: number
  refcount: number
  path: string
  address: number | null
}

/** What an FLB `pci` holds: its structure, and the list that it leads to. */
interface PciFlb {
  described: Described
  node: DescribedNode
  devices: PciDevice[]
  /** True where every entry could be read. */
  whole: boolean
}

/** The names of all forms. */
const PCI_FLBS = ['pci', 'pci-v2']

function* pciFlbs(state: KhoState): Generator<PciFlb> {
  const { owners, followed } = describedOf(state)
  for (const { name, path } of luoOf(state)?.flbs?.entries ?? []) {
    const described = owners.get(path)
    if (!PCI_FLBS.includes(name) || described === undefined || described.node === null) continue
    const { node } = described
    for (const link of node.compiled.links) {
      const list = appendPath(described.path, link.key)
      const found = followed.get(list)
      if (found === undefined) continue
      const entries = Array.from({ length: found.known }, (_, n) => found.at(n))
      const devices = entries.flatMap((entry, n) => deviceOf(entry, appendPath(list, n)))
      yield { described, node, devices, whole: found.count === devices.length }
    }
  }
}

/** An entry as a device; a layout of the user's may have other fields. */
function deviceOf(node: DescribedNode | null, path: string): PciDevice[] {
  if (node === null) return []
  const { domain, bdf, refcount } = describedValue(node)
  if (typeof domain !== 'number' || typeof bdf !== 'number' || typeof refcount !== 'number') return []
  return [{ domain, bdf, refcount, path, address: node.address }]
}

/** `0001:02:03.4`, as lspci writes it. */
function slot({ domain, bdf }: PciDevice): string {
  const digits = (value: number, count: number) => value.toString(16).padStart(count, '0')
  return `${digits(domain, 4)}:${digits(bdf >>> 8, 2)}:${digits((bdf >>> 3) & 31, 2)}.${bdf & 7}`
}

/** Devices that have two entries. */
export function* checkPciUnique({ state }: RuleContext): Generator<Occurrence> {
  for (const { devices } of pciFlbs(state)) {
    const seen = new Map<string, string>()
    for (const device of devices) {
      if (device.refcount === 0) continue
      const name = slot(device)
      const { path, address } = device
      const other = seen.get(name)
      if (other === undefined) seen.set(name, path)
      else yield { message: `device ${name} is also ${other}`, path, address }
    }
  }
}

/** A count of devices that is not that of the entries in use. */
export function* checkPciCount({ state }: RuleContext): Generator<Occurrence> {
  for (const { described, node, devices, whole } of pciFlbs(state)) {
    const counted = describedValue(node).nr_devices
    if (!whole || counted === undefined || node.compiled.links.some(({ to }) => to.kind === 'tail')) continue
    const used = devices.filter(({ refcount }) => refcount > 0).length
    if (Number(counted) === used) continue
    const message = `nr_devices is ${counted}, and ${plural(used, 'entry is', 'entries are')} in use`
    yield { message, path: described.path, address: node.address }
  }
}

/** Entries that nobody uses, and that are not empty. */
export function* checkPciFree({ state }: RuleContext): Generator<Occurrence> {
  for (const { devices } of pciFlbs(state)) {
    for (const device of devices) {
      if (device.refcount !== 0 || (device.domain === 0 && device.bdf === 0)) continue
      const { path, address } = device
      yield { message: `device ${slot(device)} has a reference count of 0`, path, address }
    }
  }
}
