import type { MemoryBuilder } from '../../formats/memory/memory-builder.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import type { TrackerRoot } from '../../formats/trackers/place.js'

/**
 * Puts the chunk of order 0xffffffff where the kernel has it: its xarray sorts orders as unsigned numbers, the writer as
 * signed ones, with -1 first.
 */
export function moveWrappedOrderLast(builder: MemoryBuilder, root: TrackerRoot): TrackerRoot {
  const wrapped = root.addresses[0]!
  const chunk = (address: number) => viewOf(builder.place(address, 1).bytes)
  const first = u64(chunk(wrapped), 0)
  if (first === 0) return root
  let last = first
  for (let next = u64(chunk(last), 0); next !== 0; next = u64(chunk(last), 0)) last = next
  chunk(last).setBigUint64(0, BigInt(wrapped), true)
  chunk(wrapped).setBigUint64(0, 0n, true)
  return { ...root, addresses: [first] }
}
