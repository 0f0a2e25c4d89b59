import { checkCompatible, getProperty, type RawFdt, subnodeOffset } from '../../../formats/fdt/index.js'
import { appendPath } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type Running, report, silent, step } from './context.js'
import type { Done } from './done.js'
import { rawFdt } from './raw-fdt.js'
import type { RegionLook, RegionWish } from './region.js'
import type { Subtree } from './subtree.js'

const PATH = 'memblock'

/** reserve_mem_kho_revive() for each reserve_mem= of the command line: mm/memblock.c, 6.16 to 7.3. */
export function reviveRegions(
  running: Running,
  found: Subtree,
  wishes: readonly RegionWish[],
  done?: Done,
): void {
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
    for (const [wish, look] of looksAt(running, fdt, wishes, done)) revive(running, wish, look)
  })
}

/**
 * What a kernel finds of the regions that it is asked for, but for those of which there is nothing to be said. Kernels that
 * have the same memory before them find the same: it is looked for once.
 */
function* looksAt(
  running: Running,
  fdt: RawFdt,
  wishes: readonly RegionWish[],
  done: Done | undefined,
): Generator<[RegionWish, RegionLook]> {
  const shared = running.memory.allMapped() ? done?.regions : undefined
  const known = shared?.get(fdt.address)
  if (known !== undefined && sameWishes(known.wishes, wishes)) {
    yield* known.spoken
    return
  }
  const spoken: [RegionWish, RegionLook][] = []
  for (const wish of wishes) {
    const look = lookAt(running, fdt, wish.name)
    if (isTaken(wish, look)) continue
    spoken.push([wish, look])
    yield [wish, look]
  }
  shared?.set(fdt.address, { wishes, spoken })
}

function sameWishes(a: readonly RegionWish[], b: readonly RegionWish[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, size, align }, n) => {
      const other = b[n]!
      return name === other.name && size === other.size && align === other.align
    })
  )
}

function lookAt(running: Running, fdt: RawFdt, name: string): RegionLook {
  const node = subnodeOffset(fdt, 0, name)
  const compatible = node < 0 ? node : checkCompatible(fdt, node, 'reserve-mem-v1')
  if (compatible !== 0) return { node, compatible, start: null, size: null }
  const start = u64In(running, fdt, node, 'start')
  return { node, compatible, start, size: u64In(running, fdt, node, 'size') }
}

/** True for a region that is taken back, and of which nothing is to be said. */
function isTaken({ size, align }: RegionWish, { start, size: held }: RegionLook): boolean {
  return size === null && align === null && start !== null && held !== null && start < ADDRESS_LIMIT
}

function revive(
  running: Running,
  { name, size, align }: RegionWish,
  { node, compatible, start, size: held }: RegionLook,
): void {
  const path = appendPath(PATH, name)
  if (node < 0) {
    report(running, 'MEMBLOCK-CMDLINE', `FDT 'memblock' has no child '${name}': ${node}`, path)
    return
  }
  if (compatible !== 0) {
    const message = `Node '${name}' is incompatible with 'reserve-mem-v1': ${compatible}`
    report(running, 'MEMBLOCK-COMPATIBLE', message, path)
    return
  }
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
