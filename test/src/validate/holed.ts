import { isKhoError } from '../../../formats/error.js'
import type { Block, PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { loadState, type StateOptions } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import { chooseKernel, knownRam } from '../../../src/kernel/reader/choose.js'
import { readState } from '../../../src/kernel/reader/read-state.js'
import { type ValidateOptions, validateNoRoot, validateState } from '../../../src/validate/validate.js'
import type { Validation } from '../../../src/validate/verdict.js'

/** A dump that lacks one page. */
export function without(image: KhoImage, page: number, size: number): KhoImage {
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
export function neededPages(image: KhoImage, options: StateOptions, validate: ValidateOptions): number[] {
  const state = loadState(image, options)
  const { memory } = readState(state, {
    kernel: chooseKernel(state, validate.reader),
    ram: knownRam(image, validate.ram),
    absentIsZero: false,
    cmdline: validate.readerCmdline ?? null,
  })
  return [...memory.touched]
}

/** The verdict on a state at an address that is told, and may hold none. */
export function verdictOn(
  image: KhoImage,
  options: StateOptions & { root: number },
  validate: ValidateOptions,
) {
  try {
    return validateState(loadState(image, options), validate)
  } catch (error) {
    if (!isKhoError(error) || error.code !== 'no-state') throw error
    const { root, pageShift } = options
    const place = { address: root, why: error.message, ...(pageShift === undefined ? {} : { pageShift }) }
    return validateNoRoot(image, place, validate)
  }
}

/** Rules of error findings, as a sorted list. */
export function errorRules({ findings }: Validation): string[] {
  return [...new Set(findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule))].sort()
}
