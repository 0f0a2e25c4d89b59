import { findChild, nativeU64 } from '../../formats/fdt/index.js'
import { blobPointer } from '../../formats/handoff/blob-pointer.js'
import { abiOf } from '../../formats/kernels/index.js'
import { type Fault, fault, hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT, geometry, PAGE_SHIFTS } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { asciiBytes, findBytes, findLastBytes } from '../../formats/memory/search.js'
import { hasBlock } from '../../formats/pages/page-set.js'
import { wordsOf } from '../../formats/pages/words.js'
import { type FoundRoot, readRoot } from './find-roots.js'
import { readMap } from './read-map.js'

/*
 * A raw file that leaves out the holes between ranges of RAM (LiME's format=raw does) has everything above the first hole
 * at the wrong place. Its pointers then lead to bytes that are something else.
 */

/** What tells a blob by its bytes: text in it, and whether an FDT begins shortly before. */
const MARKS = [
  { child: 'LUO', text: 'luo-v', inFdt: false },
  { child: 'LUO', text: 'luo-v1\0', inFdt: true },
  { child: 'memblock', text: 'memblock-v1\0', inFdt: true },
  { child: 'kho_test', text: 'kho-test-v1\0', inFdt: true },
].map(mark => ({ ...mark, bytes: asciiBytes(mark.text) }))

const FDT_MAGIC = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed)
/** The same as a native word. */
const FDT_WORD = 0xedfe0dd0

/** The compatible of these small FDTs is in their first bytes. */
const FDT_REACH = 512
/** Distances that are tried, and FDTs that are looked at: copies of both are few. */
const MOST_TRIES = 64

/**
 * How many bytes too low everything lies in a raw file, where a root's own pointers say so and its map reads whole with
 * them; null where nothing does. For roots whose map does not read as it is.
 */
function findShift(memory: PhysicalMemory, found: FoundRoot): number | null {
  const pointers = new Map<string, number>()
  for (const { child } of MARKS) {
    const node = findChild(found.fdt.root, child)
    const property = node && blobPointer(node)
    const address = property && nativeU64(property)
    if (address && address < BigInt(ADDRESS_LIMIT)) pointers.set(child, Number(address))
  }
  const distances = new Set<number>()
  for (const { phys, bytes } of memory.blocks('written')) {
    for (const { child, bytes: mark, inFdt } of MARKS) {
      const pointer = pointers.get(child)
      if (pointer === undefined) continue
      for (
        let at = findBytes(bytes, mark);
        at >= 0 && distances.size < MOST_TRIES;
        at = findBytes(bytes, mark, at + 1)
      ) {
        const start = inFdt ? fdtBefore(bytes, at) : at
        if (start >= 0) distances.add(pointer - phys - start)
      }
    }
  }
  distances.delete(0)
  return [...distances].find(distance => readsWhole(memory, found, distance)) ?? null
}

function readsWhole(memory: PhysicalMemory, found: FoundRoot, distance: number): boolean {
  const moved: PhysicalMemory = {
    ...memory,
    read(phys, length) {
      if (phys < distance) return { ok: false, reason: 'outside', address: phys }
      return memory.read(phys - distance, length)
    },
  }
  const root = { ...found, address: found.address + distance }
  return PAGE_SHIFTS.some(shift => {
    if (root.address % 2 ** shift !== 0) return false
    const { abi, state, decode } = readMap(moved, root, geometry(shift))
    return (
      state === 'live' &&
      decode.badPointers === 0 &&
      abiOf(abi).fdtPreserved &&
      hasBlock(decode.pages, root.address, 0)
    )
  })
}

/** How much of an image is searched for a root that lies at no page: a hint must not cost a second pass over all of it. */
const SEARCHED = 2 ** 26

/** A root that lies at no page, as it does where a hole of no whole number of pages was left out, but of one of words. */
function findMisplacedRoot(memory: PhysicalMemory): FoundRoot | null {
  let tries = 0
  let searched = 0
  for (const { phys, bytes } of memory.blocks('written')) {
    searched += bytes.length
    if (searched > SEARCHED) return null
    const words = wordsOf(bytes)
    for (let at = words.indexOf(FDT_WORD); at >= 0; at = words.indexOf(FDT_WORD, at + 1)) {
      const address = phys + at * 4
      if (address % 4096 === 0) continue
      const root = readRoot(memory, address)
      if (root !== null) return root
      if (++tries === MOST_TRIES) return null
    }
  }
  return null
}

/** Where the FDT begins that has the bytes at `at` among its first, or -1. */
function fdtBefore(bytes: Uint8Array, at: number): number {
  const from = Math.max(0, at - FDT_REACH)
  const start = findLastBytes(bytes.subarray(from, at), FDT_MAGIC)
  return start < 0 ? -1 : from + start
}

const CAUSE = "a raw file that leaves out holes of RAM (LiME's format=raw) has this"

/** What to say of a root, where its own pointers show that the file is shifted. */
export function shiftFault(memory: PhysicalMemory, found: FoundRoot): Fault | null {
  const shift = findShift(memory, found)
  if (shift === null) return null
  const message = `the file is shifted: what the root at ${hex(found.address)} points to lies ${distance(shift)}; ${CAUSE}; try ${remedy(shift)}`
  return fault('DUMP-SHIFTED', message, found.address)
}

/** What to say of a raw file in which no page begins with a root; null where there is none at all. */
export function misplacedHint(memory: PhysicalMemory): string | null {
  const root = findMisplacedRoot(memory)
  if (root === null) return null
  const shift = findShift(memory, root)
  const where = `a root FDT lies at file offset ${hex(root.address)}, which is no page: the file is shifted`
  return `${where}; ${CAUSE}; try ${shift === null ? '--base or --map' : remedy(shift)}`
}

function distance(shift: number): string {
  return shift > 0 ? `${hex(shift)} bytes too low` : `${hex(-shift)} bytes too high`
}

function remedy(shift: number): string {
  return shift > 0 ? `--base ${hex(shift)}` : `--map 0=${hex(-shift)}+LENGTH`
}
