import { hex } from '../../formats/memory/fault.js'
import {
  TABLE_LEVELS,
  TABLE_ORDERS,
  tableShift,
  tableSlots,
} from '../../formats/trackers/page-table/index.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { editRoot, propertyOf } from './fields.js'
import { cannotBreak } from './target.js'

function nodesOf(target: DamageTarget): TrackerNode[] {
  if (target.abi.tracker !== 'page-table') throw cannotBreak('tables for each order')
  return target.tracker().decode.nodes
}

function tableOf(target: DamageTarget): TrackerNode {
  return target.pick(
    nodesOf(target).filter(node => node.kind === 'table'),
    'table',
  )
}

function slotsOf(target: DamageTarget, table: TrackerNode, used: boolean): number[] {
  const last = tableSlots(target.geometry, table.level! + 1, table.order!)
  const slots = Array.from({ length: last }, (_, slot) => table.address + slot * 8)
  return slots.filter(at => (target.u64(at) !== 0) === used)
}

/** Sets the bit of a block of order 0 at an address, whether or not any memory is there. */
export function plantTableBlock(target: DamageTarget, address: number): string {
  const { geometry } = target
  const top = nodesOf(target).find(node => node.level === TABLE_LEVELS - 1)
  if (top === undefined) throw cannotBreak('table for any order')
  const order = top.order!
  let node = top.address
  for (let level = TABLE_LEVELS; level >= 2; level--) {
    const slot = Math.floor(address / 2 ** (tableShift(geometry, level) + order)) % geometry.tableEntries
    let child = target.u64(node + slot * 8)
    if (child === 0) {
      child = target.allocate().address
      target.write64(node + slot * 8, child)
    }
    node = child
  }
  target.write(node, Uint8Array.of(target.read(node, 1)[0]! | 1))
  return `block of order ${order} at ${hex(address)} planted in leaf ${hex(node)}`
}

/** One tree for each order: v5-table. */
export const tableDamages: DamageTable = {
  'TABLE-POINTER': {
    about: 'a descriptor has reserved low bits set',
    apply(target) {
      const at = target.pick(slotsOf(target, tableOf(target), true), 'descriptor')
      const value = target.u64(at) + 1 + target.random.below(7)
      target.write64(at, value)
      return `descriptor at ${hex(at)} is ${hex(value)}`
    },
  },
  'TABLE-SHARED-NODE': {
    about: 'two descriptors lead to the same table',
    apply(target) {
      const table = tableOf(target)
      const used = target.u64(target.pick(slotsOf(target, table, true), 'descriptor'))
      const at = target.pick(slotsOf(target, table, false), 'empty descriptor')
      target.write64(at, used)
      return `descriptor at ${hex(at)} leads to ${hex(used)} too`
    },
  },
  'TABLE-ABSENT': {
    about: 'a table is not in the dump',
    apply(target) {
      const { address } = target.pick(nodesOf(target), 'table')
      target.remove(address)
      return `table ${hex(address)} taken out`
    },
  },
  'TABLE-INDEX': {
    about: 'a descriptor is used that no address reaches: 16K and 64K pages',
    apply(target) {
      const tops = nodesOf(target).filter(node => node.level === TABLE_LEVELS - 1)
      const table = target.pick(tops, 'table')
      const slots = tableSlots(target.geometry, TABLE_LEVELS, table.order!)
      if (slots >= target.geometry.tableEntries)
        throw cannotBreak('table with descriptors that no address reaches')
      const at = table.address + slots * 8
      target.write64(at, target.allocate().address)
      return `descriptor ${slots} at ${hex(at)} is used`
    },
  },
  'TABLE-ORDER': {
    about: 'there is a tree for an order that the format has not',
    apply(target) {
      nodesOf(target)
      const node = target.fdt().root.children.find(child => child.name === 'preserved-memory')
      if (node === undefined) throw cannotBreak('node preserved-memory')
      const { value } = propertyOf(node, 'metadata')
      const longer = new Uint8Array((TABLE_ORDERS + 1) * 8)
      longer.set(value)
      new DataView(longer.buffer).setBigUint64(TABLE_ORDERS * 8, BigInt(target.allocate().address), true)
      editRoot(target, editor => editor.setProperty('/preserved-memory', 'metadata', longer))
      return `a tree for order ${TABLE_ORDERS}`
    },
  },
}
