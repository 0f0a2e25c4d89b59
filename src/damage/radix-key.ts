import { trackerOptions } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import { radixShape } from '../../formats/trackers/radix-tree/index.js'
import type { DamageTarget } from './damage.js'
import { cannotBreak } from './target.js'

/** Sets the bit of any key in a radix tree, one that no kernel would make included; `what` says what it stands for. */
export function plantKey(target: DamageTarget, key: bigint, what: string): string {
  if (target.abi.tracker !== 'radix-tree') throw cannotBreak('radix tree')
  const { geometry } = target
  const { depth, bitmapLog2 } = radixShape(geometry, trackerOptions(target.abi.name, geometry).depth)
  const tableLog2 = BigInt(Math.log2(geometry.tableEntries))
  let node = target.tracker().root.addresses[0]!
  for (let level = depth - 1; level >= 1; level--) {
    const shift = BigInt(level - 1) * tableLog2 + BigInt(bitmapLog2)
    const slot = Number((key >> shift) % 2n ** tableLog2)
    let child = target.u64(node + slot * 8)
    if (child === 0) {
      child = target.allocate().address
      target.write64(node + slot * 8, child)
    }
    node = child
  }
  const bit = Number(key % 2n ** BigInt(bitmapLog2))
  const at = node + (bit >>> 3)
  target.write(at, Uint8Array.of(target.read(at, 1)[0]! | (1 << (bit & 7))))
  return `key ${hex(key)} ${what} planted in leaf ${hex(node)}`
}
