import { describe, expect, it } from 'vitest'
import { rangesTouch } from '../../../formats/memory/range.js'
import { parseBootImage } from '../../../src/guest/boot-image.js'
import { type BootNeeds, describeCollision, findCollisions, planBoot } from '../../../src/replay/boot-plan.js'
import { guestRam, memoryFor } from '../../../src/replay/machine.js'
import { makeBzImage } from '../guest/bz-image.js'

const MIB = 2 ** 20
const GIB = 2 ** 30
const image = parseBootImage(makeBzImage(4 * MIB, 15 * MIB), 'bzImage')
const needs = (more: Partial<BootNeeds>): BootNeeds => ({
  image,
  initrdBytes: 1_400_000,
  memory: GIB,
  scratch: [{ start: 700 * MIB, size: 64 * MIB }],
  makeArray: false,
  keep: [],
  ...more,
})

describe('planBoot', () => {
  it('places everything in scratch, apart, and clear of what was handed over', () => {
    const keep = [
      { start: 5 * MIB, end: 40 * MIB },
      { start: 701 * MIB, end: 702 * MIB },
    ]
    const plan = planBoot(needs({ keep, makeArray: true }))
    expect(plan.placement).toBe('scratch')
    expect(plan.kernelAt! % image.alignment).toBe(0)
    expect(findCollisions(plan, keep, GIB)).toEqual([])
    const mine = plan.pieces.filter(piece => piece.start >= 2 * MIB && piece.end < 1000 * MIB)
    expect(mine).toHaveLength(4)
    for (const piece of mine) {
      expect(piece.start).toBeGreaterThanOrEqual(700 * MIB)
      expect(piece.end).toBeLessThanOrEqual(764 * MIB)
      expect(rangesTouch([piece], 701 * MIB, 702 * MIB)).toBe(false)
    }
    const sorted = [...mine].sort((a, b) => a.start - b.start)
    sorted.slice(1).forEach((piece, n) => {
      expect(piece.start).toBeGreaterThanOrEqual(sorted[n]!.end)
    })
  })

  it.each([
    ['too small', [{ start: 700 * MIB, size: 8 * MIB }]],
    ['above 4 GiB', [{ start: 5 * GIB, size: GIB }]],
    ['below where a kernel stays', [{ start: 2 * MIB, size: 14 * MIB }]],
    ['not there', []],
  ])('leaves the kernel to QEMU where scratch is %s', (_name, scratch) => {
    const plan = planBoot(needs({ scratch, memory: 6 * GIB }))
    expect(plan).toMatchObject({ placement: 'loader', kernelAt: null, initrdAt: null })
    const unpacked = plan.pieces.find(piece => piece.what.includes('unpacks'))
    expect(unpacked).toMatchObject({ start: 16 * MIB, end: 31 * MIB })
  })

  it('says what collides, and how to avoid it', () => {
    const keep = [
      { start: 20 * MIB, end: 21 * MIB },
      { start: 3 * GIB, end: 3 * GIB + 4096 },
    ]
    const plan = planBoot(needs({ scratch: [], keep, memory: 512 * MIB }))
    const lines = findCollisions(plan, keep, 512 * MIB).map(describeCollision)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^0x1400000-0x1500000 was handed over, but the kernel .* scratch areas/)
    expect(lines[1]).toMatch(/no memory in the guest is there; give the guest more memory/)
  })
})

describe('planBoot on arm64', () => {
  const arm: BootNeeds = {
    ...needs({}),
    image: { ...image, arch: 'arm64', pageShift: 16, prefAddress: 0, alignment: 2 * MIB, initSize: 9 * MIB },
    scratch: [{ start: GIB + 512 * MIB, size: 48 * MIB }],
    makeArray: true,
  }

  it('places kernel, initramfs, device tree, array and first instructions in scratch, apart', () => {
    const plan = planBoot(arm)
    expect(plan).toMatchObject({ placement: 'scratch', treeAt: expect.any(Number) })
    expect(plan.treeAt! % (2 * MIB)).toBe(0)
    const mine = plan.pieces.filter(({ start }) => start >= GIB + MIB).sort((a, b) => a.start - b.start)
    expect(mine).toHaveLength(5)
    mine.forEach(({ start, end }, n) => {
      expect(start).toBeGreaterThanOrEqual(n === 0 ? GIB + 512 * MIB : mine[n - 1]!.end)
      expect(end).toBeLessThanOrEqual(GIB + 560 * MIB)
    })
    expect(findCollisions(plan, [{ start: GIB, end: GIB + 4096 }], GIB, 'arm64')).toMatchObject([
      { what: "QEMU's device tree" },
    ])
  })

  it('has nowhere else to go', () => {
    expect(() => planBoot({ ...arm, scratch: [{ start: GIB, size: 8 * MIB }] })).toThrow(
      'no scratch area has room',
    )
  })
})

describe('memoryFor', () => {
  it.each([1, 511 * MIB, GIB, 2.5 * GIB, 4 * GIB + 1, 9 * GIB])(
    'has RAM, and room for firmware, at %d',
    end => {
      const memory = memoryFor([{ start: 0, end }], [{ start: 0, end }])
      expect(memory % (128 * MIB)).toBe(0)
      expect(rangesTouch(guestRam(memory), end - 1, end)).toBe(true)
      expect(
        findCollisions(planBoot(needs({ scratch: [], memory })), [{ start: end - 1, end }], memory),
      ).toEqual(end === 1 ? [expect.objectContaining({ what: 'firmware and real-mode code' })] : [])
    },
  )

  it('is what the machine had, where nothing at the end is in use', () => {
    expect(memoryFor([{ start: 0, end: GIB }], [{ start: 0, end: 100 * MIB }])).toBe(GIB)
    const flash = { start: 4 * GIB - 4 * MIB, end: 4 * GIB }
    expect(memoryFor([{ start: 0, end: GIB }, flash], [])).toBe(GIB)
  })
})
