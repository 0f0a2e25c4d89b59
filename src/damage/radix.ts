import { hex } from '../../formats/memory/fault.js'
import { radixEncoder } from '../../formats/trackers/radix-tree/encode.js'
import { radixShape, shortDepth } from '../../formats/trackers/radix-tree/index.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { propertyOf } from './fields.js'
import { plantKey } from './radix-key.js'
import { cannotBreak } from './target.js'

function nodesOf(target: DamageTarget): TrackerNode[] {
  if (target.abi.tracker !== 'radix-tree') throw cannotBreak('radix tree')
  return target.tracker().decode.nodes
}

/** Slots of a table that lead somewhere, or nowhere. */
function slotsOf(target: DamageTarget, table: TrackerNode, used: boolean): number[] {
  const { tableEntries } = target.geometry
  const slots = Array.from({ length: tableEntries }, (_, slot) => table.address + slot * 8)
  return slots.filter(at => (target.u64(at) !== 0) === used)
}

/** A table below the root, so that the self-check of the root FDT's page still has its way. */
function tableOf(target: DamageTarget): TrackerNode {
  const tables = nodesOf(target).filter(node => node.kind === 'table')
  return target.pick(tables.length > 1 ? tables.slice(1) : tables, 'table')
}

/** Radix trees: kho-v2, v3, v4. */
export const radixDamages: DamageTable = {
  'RADIX-POINTER': {
    about: 'a slot of a table leads to an address that is not page aligned',
    apply(target) {
      const table = tableOf(target)
      const at = target.pick(slotsOf(target, table, false), 'empty slot')
      const value = table.address + 8 + target.random.below(64) * 8
      target.write64(at, value)
      return `slot at ${hex(at)} leads to ${hex(value)}`
    },
  },
  'RADIX-CYCLE': {
    about: 'an empty slot of a table leads back to the root',
    apply(target) {
      const [root] = nodesOf(target)
      const at = target.pick(slotsOf(target, tableOf(target), false), 'empty slot')
      target.write64(at, root!.address)
      return `slot at ${hex(at)} leads back to the root ${hex(root!.address)}`
    },
  },
  'RADIX-SHARED-NODE': {
    about: 'two slots of a table lead to the same node',
    apply(target) {
      const table = tableOf(target)
      const used = target.u64(target.pick(slotsOf(target, table, true), 'used slot'))
      const at = target.pick(slotsOf(target, table, false), 'empty slot')
      target.write64(at, used)
      return `slot at ${hex(at)} leads to ${hex(used)} too`
    },
  },
  'RADIX-NODE-ABSENT': {
    about: 'a node is not in the dump',
    apply(target) {
      const { address, level } = target.pick(nodesOf(target).slice(1), 'node below the root')
      target.remove(address)
      return `node ${hex(address)} of level ${level} taken out`
    },
  },
  'RADIX-ROOT-INDEX': {
    about: 'a slot of the root is used that no key reaches',
    apply(target) {
      const { order0 } = radixShape(target.geometry)
      return plantKey(target, 2n ** BigInt(order0 + 2), 'with its order bit two above the highest')
    },
  },
  'RADIX-KEY': {
    about: 'a key without an order bit',
    apply: target => plantKey(target, BigInt(target.random.below(2)), 'without an order bit'),
  },
  'RADIX-DEPTH-16K': {
    about: 'a tree of 16K pages that is one level too short, as up to 7.1-rc5',
    apply(target) {
      const depth = shortDepth(target.geometry)
      if (
        nodesOf(target).length === 0 ||
        radixShape(target.geometry).depth === depth ||
        target.abi.depth === 'full'
      ) {
        throw cannotBreak('tree of 16K pages from before kho-v4')
      }
      const writer = radixEncoder.createWriter(target.builder, { geometry: target.geometry, depth })
      writer.preserveAll(target.tracker().decode.pages)
      const [address] = writer.finish().addresses
      const map = propertyOf(target.fdt().root, 'preserved-memory-map')
      target.write64(target.root + map.offset, address!)
      return `the tree written again with ${depth} levels, from ${hex(address!)}`
    },
  },
}
