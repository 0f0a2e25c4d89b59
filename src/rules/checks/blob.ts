import { type Blob, blobPath } from '../../../formats/blobs/index.js'
import { type FdtNode, findProperty, nativeU64 } from '../../../formats/fdt/index.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
import { abiOf } from '../../../formats/kernels/index.js'
import { KEXEC_METADATA, LUO_SER } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import { viewOf } from '../../../formats/memory/u64.js'
import type { KhoState } from '../../image/state.js'
import type { Effect, Occurrence, RuleContext } from '../rule.js'
import { isOutsideRam } from './context.js'
import { dangling } from './dangling.js'

/** The children of the root FDT that stand for blobs, with the name of the property that points there. */
function childrenOf(state: KhoState): { child: FdtNode; property: string; path: string }[] {
  const property = abiOf(state.abi).blobProperty
  if (property === null) return []
  return state.fdt.root.children.map(child => ({ child, property, path: blobPath(child.name) }))
}

/** Children without the properties that their layout has. */
export function* checkChildProperties({ state }: RuleContext): Generator<Occurrence> {
  for (const { child, property, path } of childrenOf(state)) {
    const address = state.root.address + child.offset
    const wanted = abiOf(state.abi).blobSize ? [property, 'blob-size'] : [property]
    for (const name of wanted) {
      const found = findProperty(child, name)
      if (found !== null && found.value.length === 8) continue
      const what = found === null ? 'missing' : `${found.value.length} bytes long, not 8`
      yield { message: `broken KHO subnode '${child.name}': ${name} is ${what}`, path, address }
    }
  }
}

/** Children whose pointer leads nowhere. */
export function* checkBlobAddress(context: RuleContext): Generator<Occurrence> {
  const { state } = context
  for (const { child, property, path } of childrenOf(state)) {
    const found = findProperty(child, property)
    const value = found && nativeU64(found)
    if (found === null || value === null) continue
    const address = Number(value)
    if (address !== 0 && !isOutsideRam(context, address, address + 1)) continue
    const message = `${property} of '${child.name}' is ${hex(value)}, ${address === 0 ? 'no address' : 'which is not in RAM'}`
    const effect = effectOfBadAddress(path, address, context.kernel)
    yield { message, path, address: state.root.address + found.offset, effect }
  }
}

/** What a user does with an address that is none: it reads there, or asks for the folio first. */
function effectOfBadAddress(path: string, address: number, kernel: ReadingKernel): Effect {
  if (path === 'luo') return kernel.users.luo === null ? 'none' : 'oops'
  // kho_restore_folio() refuses, up to 7.0; later nothing stands before the read. Page 0 is RAM, and no FDT.
  if (path === 'memblock')
    return kernel.layout.tracker === 'chunk-list' || address === 0 ? 'reported' : 'oops'
  if (path === 'kexec-metadata' && kernel.users.kexecMetadata) return address === 0 ? 'reported' : 'oops'
  return 'silent'
}

/** Where what a kernel's own user reads of its blob ends, whatever blob-size says; null where that is not known. */
function readEnd({ image }: KhoState, { address, value }: Blob): number | null {
  if (address === null || value === null) return null
  if (value.kind === 'kexec-metadata') return address + KEXEC_METADATA.size
  if (value.kind === 'luo' && value.form === 'struct') return address + LUO_SER.size
  if (value.kind !== 'luo' && value.kind !== 'memblock' && value.kind !== 'kho-test') return null
  const header = image.memory.read(address, FDT_HEAD)
  return header.ok ? address + viewOf(header.bytes).getUint32(FDT_HEAD - 4) : null
}

/** Magic and totalsize. */
const FDT_HEAD = 8

/** Blobs of which a page is not in the map, or that claim more than any memory has. */
export function* checkBlobPreserved(context: RuleContext): Generator<Occurrence> {
  const { state } = context
  const read = new Map(state.blobs().map(blob => [blob.path, readEnd(state, blob)]))
  for (const found of dangling(context, 'blob')) {
    const end = read.get(found.path ?? '') ?? Number.POSITIVE_INFINITY
    yield (found.address ?? 0) < end ? found : { ...found, effect: 'none' }
  }
  if (!abiOf(state.abi).blobSize) return
  for (const { child, path } of childrenOf(state)) {
    const found = findProperty(child, 'blob-size')
    const size = found && nativeU64(found)
    if (found === null || size === null || size < BigInt(ADDRESS_LIMIT)) continue
    const message = `blob-size of '${child.name}' is ${size}, more than any memory has`
    // Users read their structure, and ask of the size only whether it is large enough.
    yield { message, path, address: state.root.address + found.offset, effect: 'none' }
  }
}
