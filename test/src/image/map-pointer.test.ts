import { describe, expect, it } from 'vitest'
import { abiOf, locateTracker } from '../../../formats/kernels/index.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import type { KhoState } from '../../../src/image/state.js'
import { validateState } from '../../../src/validate/validate.js'
import { makeState, WRITTEN } from '../convert/state.js'

/** Values that no map lies at: virtual, all ones, the sign bit, the first that is no address, far outside, unaligned. */
const HOSTILE = [0xffff888000630000n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 52n, 2n ** 51n, 1n]

/** An image in whose root FDT a pointer has another value. */
function withPointer(
  { image, root: { address: root }, fdt }: KhoState,
  old: number,
  value: bigint,
): KhoImage {
  const { memory } = image
  const { totalsize: size, offDtStruct } = fdt.header
  const read = memory.read(root, size)
  if (!read.ok) throw new Error('the root FDT is there')
  const bytes = Buffer.from(read.bytes)
  const was = Buffer.alloc(8)
  was.writeBigUInt64LE(BigInt(old))
  const at = bytes.indexOf(was, offDtStruct)
  bytes.writeBigUInt64LE(value, at)
  const patched: PhysicalMemory = {
    ...memory,
    read(phys, length) {
      const found = memory.read(phys, length)
      if (!found.ok || phys >= root + size || phys + length <= root) return found
      const copy = found.bytes.slice()
      for (let n = 0; n < length; n++) {
        const offset = phys + n - root
        if (offset >= 0 && offset < size) copy[n] = bytes[offset]!
      }
      return { ...found, bytes: copy }
    },
  }
  return { ...image, memory: patched }
}

const WITH_POINTER = WRITTEN.filter(abi => abiOf(abi).tracker !== 'mem-array')

describe.each(WITH_POINTER)('a map pointer of %s that leads nowhere', abi => {
  it.each(HOSTILE.map(value => [`0x${value.toString(16)}`, value] as const))(
    '%s ends in a verdict, not in an error of ours',
    async (_, value) => {
      const whole = await makeState(abi, 12, [
        { block: 3000, order: 0 },
        { block: 3001, order: 0 },
      ])
      const [old] = locateTracker(abi, whole.fdt.root)!.addresses.filter(address => address !== 0)
      const broken = withPointer(whole, old!, value)
      const { address: root } = whole.root
      for (const options of [{ root, pageShift: 12 as const }, { root }]) {
        const state = loadState(broken, options)
        expect(state.tracker.state).not.toBe('stale')
        expect(state.tracker.decode.badPointers + state.tracker.decode.absentNodes).toBeGreaterThan(0)
        expect(validateState(state).outcome.word).not.toBe('ok')
      }
    },
  )
})
