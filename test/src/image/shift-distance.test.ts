import { describe, expect, it } from 'vitest'
import { nativeU64Bytes } from '../../../formats/fdt/index.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import type { FoundRoot } from '../../../src/image/find-roots.js'
import { misplacedHint, shiftFault } from '../../../src/image/shifted.js'
import { soundMap } from './made-map.js'

type Made = ReturnType<typeof soundMap>

/** The same memory as a file has it in which all lies so many bytes too low. */
function movedBy({ memory }: Made, distance: number): PhysicalMemory {
  return {
    ...memory,
    ranges: memory.ranges.map(({ start, end }) => ({ start: start - distance, end: end - distance })),
    read: (phys, length) => memory.read(phys + distance, length),
    *blocks(which) {
      for (const block of memory.blocks(which)) yield { ...block, phys: block.phys - distance }
    },
  }
}

const rootAt = ({ found }: Made, distance: number, more: Partial<FoundRoot> = {}): FoundRoot => ({
  ...found,
  address: found.address - distance,
  ...more,
})

describe('a file in which all lies at another place', () => {
  const made = soundMap('kho-v4')
  const messageOf = (map: Made, distance: number, found = rootAt(map, distance)) =>
    shiftFault(movedBy(map, distance), found)?.message ?? null

  it('is told by what the root points to, and by how much', () => {
    for (const distance of [4096, 0x61000, 0x10000])
      expect(messageOf(made, distance)).toBe(
        `the file is shifted: what the root at 0x${(made.root - distance).toString(16)} points to lies 0x${distance.toString(16)} bytes too low; a raw file that leaves out holes of RAM (LiME's format=raw) has this; try --base 0x${distance.toString(16)}`,
      )
    expect(messageOf(made, -0x8000)).toMatch(/ lies 0x8000 bytes too high; .*; try --map 0=0x8000\+LENGTH$/)
    expect(shiftFault(movedBy(made, 4096), rootAt(made, 4096))).toMatchObject({
      code: 'DUMP-SHIFTED',
      address: made.root - 4096,
    })
  })

  it('is not told where all is at its place, or the map does not read whole from another', () => {
    expect(messageOf(made, 0)).toBeNull()
    // Not the root that is in the map, or no map of a kernel that preserves its root.
    expect(messageOf(made, 4096, rootAt(made, 4096 - 4096 * 3))).toBeNull()
    expect(messageOf(soundMap('kho-v1-page'), 4096)).not.toBeNull()
    const old = soundMap('v5')
    expect(messageOf(old, 4096)).toBeNull()
    // Distances that are no pages of any size.
    expect(messageOf(made, 0x100)).not.toBeNull()
  })

  it('is not told by pointers that are none, or to what has no mark', () => {
    const bare = soundMap('kho-v4', { bare: true })
    const pointing = (name: string, address: number | bigint) => {
      const child = bare.child(name, 0)
      const properties = [{ name: 'preserved-data', value: nativeU64Bytes(BigInt(address)) }]
      return messageOf(bare, 4096, rootAt(bare, 4096, { fdt: bare.treeWith({ ...child, properties }) }))
    }
    expect(messageOf(bare, 4096)).toBeNull()
    expect(pointing('memblock', bare.blob.address)).toMatch(/too low/)
    expect(pointing('other', bare.blob.address)).toBeNull()
    expect(pointing('LUO', bare.blob.address)).toBeNull()
    expect([
      pointing('memblock', 0),
      pointing('memblock', 2n ** 52n),
      pointing('memblock', 2n ** 60n),
    ]).toEqual([null, null, null])
    expect(pointing('memblock', bare.blob.address + 8)).toBeNull()
  })

  it('without a root at any page may have one between pages', () => {
    expect(misplacedHint(made.memory)).toBeNull()
    const offset = made.root - 0x100
    expect(misplacedHint(movedBy(made, 0x100))).toBe(
      `a root FDT lies at file offset 0x${offset.toString(16)}, which is no page: the file is shifted; a raw file that leaves out holes of RAM (LiME's format=raw) has this; try --base 0x100`,
    )
    const old = soundMap('v5')
    expect(misplacedHint(movedBy(old, 0x100))).toMatch(/; try --base or --map$/)
    const none: PhysicalMemory = { ...made.memory, *blocks() {} }
    expect(misplacedHint(none)).toBeNull()
  })
})
