import { cellBytes, cells, findChild, findProperty, nativeU64Bytes } from '../../formats/fdt/index.js'
import { CHOSEN_FDT } from '../../formats/handoff/chosen.js'
import { KHO_DATA, SETUP_DATA_KHO } from '../../formats/layout/index.js'
import type { Place } from '../../formats/memory/range.js'
import { readTree } from '../image/find-roots.js'
import type { KhoState } from '../image/state.js'
import type { Patch } from '../write/overlay.js'

/** Changes to the records that name a root, so that they name the new one. None where it is where it was. */
export function patchHandovers(state: KhoState, fdt: Place): Patch[] {
  const patches: Patch[] = []
  for (const { kind, address } of state.root.evidence) {
    if (address === null) continue
    if (kind === 'setup-data') {
      const bytes = nativeU64Bytes(BigInt(fdt.address), BigInt(fdt.size))
      patches.push({ address: address + SETUP_DATA_KHO.size - KHO_DATA.size, bytes })
    } else if (kind === 'chosen') {
      patches.push(...patchChosen(state, address, fdt))
    }
  }
  return patches.filter(patch => !isThere(state, patch))
}

function isThere(state: KhoState, { address, bytes }: Patch): boolean {
  const read = state.image.memory.read(address, bytes.length)
  return read.ok && read.bytes.every((byte, n) => byte === bytes[n])
}

/** The property keeps its length, so it is changed where it is. */
function patchChosen(state: KhoState, address: number, fdt: Place): Patch[] {
  const tree = readTree(state.image.memory, address)
  const chosen = tree && findChild(tree.root, 'chosen')
  const property = chosen && findProperty(chosen, CHOSEN_FDT)
  if (tree === null || !property) return []
  const root = findProperty(tree.root, '#address-cells')
  const addressCells = (root && cells(root)?.[0]) ?? 2
  const sizeCells = property.value.length / 4 - addressCells
  const words = [...wordsOf(fdt.address, addressCells), ...wordsOf(fdt.size, sizeCells)]
  return [{ address: address + property.offset, bytes: cellBytes(...words) }]
}

function wordsOf(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => Math.floor(value / 2 ** (32 * (count - 1 - n))) % 2 ** 32)
}
