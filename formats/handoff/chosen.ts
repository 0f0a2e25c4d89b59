import { cells, type FdtTree, findChild, findProperty } from '../fdt/index.js'
import type { Handover } from './setup-data.js'

/** How the next kernel is told where there is a device tree: two properties of `/chosen`. drivers/of/kexec.c, 7.2. */
export const CHOSEN_FDT = 'linux,kho-fdt'
export const CHOSEN_SCRATCH = 'linux,kho-scratch'

/** What a device tree at `address` hands over, or null where its `/chosen` says nothing of KHO. */
export function readChosen(tree: FdtTree, address: number): Handover | null {
  const chosen = findChild(tree.root, 'chosen')
  const fdt = chosen && findProperty(chosen, CHOSEN_FDT)
  const scratch = chosen && findProperty(chosen, CHOSEN_SCRATCH)
  if (!fdt || !scratch) return null
  const addressCells = rootCells(tree, '#address-cells')
  const sizeCells = rootCells(tree, '#size-cells')
  const first = regPair(cells(fdt), addressCells, sizeCells)
  const second = regPair(cells(scratch), addressCells, sizeCells)
  if (first === null || second === null) return null
  return {
    address,
    fdtAddress: first.start,
    fdtSize: first.size,
    scratchAddress: second.start,
    scratchSize: second.size,
  }
}

/** Defaults as in the device tree specification: 2 address cells, 1 size cell. */
function rootCells(tree: FdtTree, name: string): number {
  const property = findProperty(tree.root, name)
  const value = property ? cells(property)?.[0] : undefined
  return value ?? (name === '#address-cells' ? 2 : 1)
}

function regPair(
  words: number[] | null,
  addressCells: number,
  sizeCells: number,
): { start: number; size: number } | null {
  if (words === null || words.length !== addressCells + sizeCells) return null
  const join = (from: number, count: number) =>
    words.slice(from, from + count).reduce((value, word) => value * 0x1_0000_0000 + word, 0)
  return { start: join(0, addressCells), size: join(addressCells, sizeCells) }
}
