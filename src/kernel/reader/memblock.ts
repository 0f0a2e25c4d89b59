import { checkCompatible, getProperty, type RawFdt, subnodeOffset } from '../../../formats/fdt/index.js'
import { appendPath } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type Running, report, silent, step } from './context.js'
import { rawFdt } from './raw-fdt.js'
import type { Subtree } from './subtree.js'

const PATH = 'memblock'

/** One reserve_mem= that a kernel is asked for. Null where only its name is known: whatever is handed over is asked for. */
export interface RegionWish {
  name: string
  size: number | null
  align: number | null
}

/** reserve_mem_kho_revive() for each reserve_mem= of the command line: mm/memblock.c, 6.16 to 7.3. */
export function reviveRegions(running: Running, found: Subtree, wishes: readonly RegionWish[]): void {
  if (wishes.length === 0) return
  if (found.kind === 'absent') {
    for (const { name, size } of wishes) if (size !== null) allocateAfresh(running, appendPath(PATH, name))
    return
  }
  if (found.kind === 'broken') {
    report(running, 'BLOB-PROPERTY', `failed to retrieve FDT 'memblock' from KHO: ${found.why}`, PATH)
    return
  }
  const { address } = found
  const what = { rule: 'BLOB-ADDRESS', path: PATH, decides: 'which reserve_mem= regions are taken back' }
  step(running, what, () => {
    const fdt = rawFdt(running.memory, address, running.geometry.pageSize)
    const compatible = checkCompatible(fdt, 0, 'memblock-v1')
    if (compatible !== 0) {
      const rule = compatible < 0 ? 'BLOB-FDT-INVALID' : 'MEMBLOCK-COMPATIBLE'
      report(running, rule, `FDT 'memblock' is incompatible with 'memblock-v1': ${compatible}`, PATH, address)
      return
    }
    for (const wish of wishes) revive(running, fdt, wish)
  })
}

function revive(running: Running, fdt: RawFdt, { name, size, align }: RegionWish): void {
  const path = appendPath(PATH, name)
  const node = subnodeOffset(fdt, 0, name)
  if (node < 0) {
    report(running, 'MEMBLOCK-CMDLINE', `FDT 'memblock' has no child '${name}': ${node}`, path)
    return
  }
  const compatible = checkCompatible(fdt, node, 'reserve-mem-v1')
  if (compatible !== 0) {
    const message = `Node '${name}' is incompatible with 'reserve-mem-v1': ${compatible}`
    report(running, 'MEMBLOCK-COMPATIBLE', message, path)
    return
  }
  const start = u64In(running, fdt, node, 'start')
  const held = u64In(running, fdt, node, 'size')
  if (start === null || held === null) {
    silent(running, 'MEMBLOCK-REGION', `'${name}' has no start or size of 8 bytes: allocated afresh`, path)
    allocateAfresh(running, path)
  } else if (align !== null && align > 0 && Number(start % BigInt(align)) !== 0) {
    const message = `KHO reserve-mem '${name}' has wrong alignment (${hex(align)}, ${hex(start)})`
    report(running, 'MEMBLOCK-CMDLINE', message, path)
  } else if (size !== null && held !== BigInt(size)) {
    const message = `KHO reserve-mem '${name}' has wrong size (${hex(held)} != ${hex(size)})`
    report(running, 'MEMBLOCK-CMDLINE', message, path)
  } else if (start >= ADDRESS_LIMIT) {
    silent(running, 'MEMBLOCK-REGION', `'${name}' is taken from ${hex(start)}, where no memory is`, path)
  }
}

/**
 * A region that was not taken back comes from where early boot may allocate: from scratch, where nothing else is open to it. From
 * 6.19 on it is preserved for the next kernel at once, which scratch cannot be.
 */
function allocateAfresh(running: Running, path: string): void {
  const { writes } = running.kernel
  if (running.extended || writes?.root !== 'live' || !writes.checksScratch) return
  const message = 'allocated afresh, in scratch: failed to prepare memblock FDT for KHO: -22'
  report(running, 'MEMBLOCK-CMDLINE', message, path)
}

function u64In({ memory }: Running, fdt: RawFdt, node: number, name: string): bigint | null {
  const property = getProperty(fdt, node, name)
  if (typeof property === 'number' || property.length !== 8) return null
  return viewOf(memory.read(fdt.address + property.offset, 8)).getBigUint64(0, true)
}
