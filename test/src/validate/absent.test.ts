import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import type { Block, PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import { chooseKernel, knownRam } from '../../../src/kernel/reader/choose.js'
import { readState } from '../../../src/kernel/reader/read-state.js'
import { openImage } from '../../../src/node/open.js'
import { validateNoRoot, validateState } from '../../../src/validate/validate.js'
import { describeWith, material } from '../../material.js'

const captures = material('KHO_TEST_CAPTURES') ?? ''

/** A dump that lacks one page. */
function without(image: KhoImage, page: number, size: number): KhoImage {
  const { memory } = image
  const lacks = (start: number, end: number) => start < page + size && end > page
  function* blocks(): Generator<Block> {
    for (const block of memory.blocks()) {
      const { phys, bytes, offset } = block
      const end = phys + bytes.length
      if (!lacks(phys, end)) yield block
      else {
        if (phys < page) yield { phys, bytes: bytes.subarray(0, page - phys), offset }
        if (end > page + size)
          yield { phys: page + size, bytes: bytes.subarray(page + size - phys), offset: null }
      }
    }
  }
  const { pageHeads: _, ...rest } = memory
  const holed: PhysicalMemory = {
    ...rest,
    ranges: memory.ranges,
    inputSize: memory.inputSize,
    blocks,
    read: (phys, length) =>
      lacks(phys, phys + length)
        ? { ok: false, reason: 'excluded', address: Math.max(phys, page) }
        : memory.read(phys, length),
  }
  return { ...image, memory: holed }
}

/** Pages that the reading kernel looks at, by itself; the record that names the root is told, not looked for. */
function needed(image: KhoImage): { pages: number[]; root: number; size: number } {
  const state = loadState(image)
  const { memory } = readState(state, {
    kernel: chooseKernel(state, undefined),
    ram: knownRam(image, undefined),
    absentIsZero: false,
    cmdline: null,
  })
  return { pages: [...memory.touched], root: state.root.address, size: state.geometry.pageSize }
}

describeWith('KHO_TEST_CAPTURES', 'a dump that lacks one page which the kernel looks at', () => {
  it.each([
    'linux-7.2.basic-1g.s2-early.elf',
    'linux-7.2.arm64-64k-4g.s2-early.elf',
    'releases/6.17.8-noluo/early.slim.elf.zst',
    'releases/6.19.11-luo/early.slim.elf.zst',
    'releases/7.3.4-luo/early.slim.elf.zst',
  ])('%s: never ok, and no error that the whole has not', { timeout: 120_000 }, async name => {
    const image = await openImage(join(captures, name))
    const whole = validateState(loadState(image))
    expect(whole.outcome.word).toBe('ok')
    const { pages, root, size } = needed(image)
    expect(pages.length).toBeGreaterThan(15)
    const wrong: string[] = []
    for (const page of pages) {
      const holed = without(image, page, size)
      const reader = whole.outcome.kernel
      const verdict = (() => {
        try {
          return validateState(loadState(holed, { root }), { reader })
        } catch (error) {
          if (!isKhoError(error) || error.code !== 'no-state') throw error
          return validateNoRoot(holed, { address: root, why: error.message }, { reader })
        }
      })()
      const errors = verdict.findings.filter(({ severity }) => severity === 'error')
      if (verdict.outcome.word !== 'unknown' || errors.length > 0) {
        wrong.push(
          `0x${page.toString(16)} ${verdict.outcome.word} ${errors.map(e => `${e.rule} ${e.message}`).join('; ')}`,
        )
      }
    }
    image.close()
    expect(wrong).toEqual([])
  })
})
