import { describe, expect, it } from 'vitest'
import type { KernelFile } from '../../../formats/kernel-files/index.js'
import { readingKernel } from '../../../formats/kernels/index.js'
import { kernelOffer, stateOffer } from '../../../src/abi/offer.js'
import { takeOver } from '../../../src/abi/take-over.js'
import { stateOfFixture } from '../model/described-states.js'

function file(machine: string | null, pageSize: number | null): KernelFile {
  const sections = { features: [], versions: [] }
  const rest = { packed: [], release: '7.2.13', kho: ['kho-v4'], luo: ['luo-v5'], sections }
  return { form: 'vmlinux', machine, pageSize, ...rest, has: () => true }
}

const kernel = readingKernel('7.2')
const taker = (given: KernelFile | null) => ({ name: 'kernel', kernel, file: given, modules: [] })
const outcomes = (offer: ReturnType<typeof kernelOffer>, given: KernelFile | null) =>
  takeOver(offer, taker(given)).map(row => `${row.component}: ${row.outcome}`)

describe('a kernel for another machine', async () => {
  const state = stateOffer(await stateOfFixture('pci'), 'a state of x86-64')

  it('does not take a state over', () => {
    const here = { ...state, machine: 'x86_64', pageSize: 4096 }
    expect(outcomes(here, file('aarch64', 4096))).toEqual(['machine: rejected'])
    expect(outcomes(here, file('x86_64', 4096))[0]).toBe('root compatible: ok')
  })

  it('reads something else where its pages are of another size', () => {
    const there = { ...state, machine: 'aarch64', pageSize: 65536 }
    expect(outcomes(there, file('aarch64', 4096))).toEqual(['page size: oops'])
    expect(outcomes(there, file('aarch64', 65536))[0]).toBe('root compatible: ok')
  })

  it('is not found where either does not say what it is', () => {
    const raw = { ...state, machine: null, pageSize: null }
    for (const given of [file('aarch64', 65536), file(null, null), null]) {
      expect(outcomes(raw, given)[0]).toBe('root compatible: ok')
    }
    expect(outcomes(kernelOffer(kernel), file('aarch64', 65536))[0]).toBe('root compatible: ok')
  })
})
