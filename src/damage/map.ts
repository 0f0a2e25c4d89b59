import { hex } from '../../formats/memory/fault.js'
import { blockSize, orders } from '../../formats/pages/page-set.js'
import { firstRun } from '../../formats/pages/runs.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { endOfRam } from './fields.js'
import { plantKey } from './radix-key.js'
import { cannotBreak } from './target.js'

/** Adds a block to the map of a radix tree; chunk lists and tables take one where a bitmap is there for it. */
function plantBlock(target: DamageTarget, address: number, order: number): string {
  const { pageShift } = target.geometry
  if (target.abi.tracker === 'radix-tree') {
    const block = BigInt(Math.floor(address / 2 ** (pageShift + order)))
    const key = 2n ** BigInt(64 - pageShift - order) + block
    return plantKey(target, key, `for the block of order ${order} at ${hex(address)}`)
  }
  throw cannotBreak('radix tree, whose map can be added to,')
}

function freePage(target: DamageTarget): number {
  return target.allocate().address
}

/** What the map says. */
export const mapDamages: DamageTable = {
  'MAP-IN-SCRATCH': {
    about: 'a page of a scratch area is preserved',
    apply(target) {
      const { address, size } = target.pick(target.machine.scratch, 'scratch area')
      const page = address + target.random.below(size / target.geometry.pageSize) * target.geometry.pageSize
      return plantBlock(target, page, 0)
    },
  },
  'MAP-ORPHAN': {
    about: 'a page is preserved that nothing owns',
    apply: target => plantBlock(target, freePage(target), 0),
  },
  'MAP-OUTSIDE-RAM': {
    about: 'a block lies behind the end of RAM',
    apply(target) {
      const end = endOfRam(target)
      const order = 2
      const size = target.geometry.pageSize * 2 ** order
      return plantBlock(target, Math.ceil(end / size) * size + target.random.below(16) * size, order)
    },
  },
  'MAP-OVERLAP': {
    about: 'the first page of a larger block is preserved a second time, at order 0',
    apply(target) {
      const preserved = target.tracker().decode.pages
      const order = target.pick(
        orders(preserved).filter(candidate => candidate > 0 && !firstRun(preserved, candidate).done),
        'block above order 0',
      )
      const run = firstRun(preserved, order)
      const block = target.random.below((run.end - run.start) / blockSize(preserved, order))
      return plantBlock(target, run.start + block * blockSize(preserved, order), 0)
    },
  },
  'MAP-HUGE-BLOCK': {
    about: 'a block whose size does not fit an int',
    apply(target) {
      const order = 31 - target.geometry.pageShift
      return plantBlock(target, 2 ** (order + target.geometry.pageShift), order)
    },
  },
  'MAP-TRACKER-PRESERVED': {
    about: 'a page of the tracker is preserved',
    apply(target) {
      const node = target.pick(
        target.tracker().decode.nodes.filter(({ address }) => address % target.geometry.pageSize === 0),
        'page of a tracker',
      )
      return plantBlock(target, node.address, 0)
    },
  },
  'TRACKER-IN-SCRATCH': {
    about: 'a page of the tracker lies in scratch',
    apply(target) {
      const { pageSize, tableEntries } = target.geometry
      if (target.abi.tracker !== 'radix-tree') throw cannotBreak('radix tree')
      const { nodes } = target.tracker().decode
      const leaf = target.pick(
        nodes.filter(node => node.kind === 'leaf'),
        'leaf',
      )
      const area = target.pick(target.machine.scratch, 'scratch area')
      target.write(area.address, target.read(leaf.address, pageSize).slice())
      for (const table of nodes.filter(node => node.kind === 'table' && node.level === 1)) {
        for (let slot = 0; slot < tableEntries; slot++) {
          const at = table.address + slot * 8
          if (target.u64(at) === leaf.address) target.write64(at, area.address)
        }
      }
      return `leaf ${hex(leaf.address)} moved to ${hex(area.address)}, in scratch`
    },
  },
  'ROOT-FDT-PRESERVED': {
    about: 'the page of the root FDT is not preserved',
    apply(target) {
      if (!target.abi.fdtPreserved) throw cannotBreak('preserved page of the root FDT')
      if (!target.unpreserve(target.root, 0)) throw cannotBreak('preserved page of the root FDT')
      return `the bit of ${hex(target.root)} cleared`
    },
  },
}
