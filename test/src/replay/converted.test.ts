import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writingKernelNamed } from '../../../formats/kernels/index.js'
import { convertState } from '../../../src/convert/convert.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoState } from '../../../src/image/state.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { replayState } from '../../../src/replay/replay.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { writeOverlayElf } from '../../../src/write/image-writer.js'
import { describeWith, describeWithKernel, readJson, sha256 } from '../../material.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'
import { SMALL_GUEST } from './small-guest.js'

interface Expected {
  fdt_phys: string
  image: { base: string }
  scratch: { descriptor_phys: string; descriptor_len: number }
  preserved: { count: number; sha256: string }
}

/** A state as 7.2 would have written it. */
async function convertedTo72(source: KhoState): Promise<KhoState> {
  const conversion = convertState(source, { to: 'kho-v4', blobs: writingKernelNamed('7.2'), seed: 7 })
  const pieces: { bytes: Uint8Array; offset: number }[] = []
  const size = writeOverlayElf(source.image, conversion, (bytes, offset) =>
    pieces.push({ bytes: bytes.slice(), offset }),
  )
  const whole = new Uint8Array(size)
  for (const { bytes, offset } of pieces) whole.set(bytes, offset)
  source.image.close()
  return loadState(await openBytes(whole), { root: conversion.root })
}

describeWithKernel('7.2.13', 'an older state, converted to kho-v4', kernel => {
  it('is taken over: what a 7.0 handed over, its memfds and reserved memory included', async () => {
    const scenario = scenarioOf({
      ...SMALL_GUEST,
      machine: { ...SMALL_GUEST.machine, kernel: '7.0' },
      calls: [...SMALL_GUEST.calls.slice(0, -1), 'finalize', 'kexec'],
    })
    const simulation = simulate(scenario, { at: 'early' })
    const source = loadState(await imageOf(simulation), { root: simulation.root! })
    expect(source.abi).toBe('kho-v1-page')
    const report = await replayState(await convertedTo72(source), { kernel })
    expect(report).toMatchObject({ word: 'ok', why: [] })
    expect(report.predicted?.outcome).toMatchObject({ word: 'ok' })
    expect(report.log).toMatchObject({
      found: true,
      liveupdateNumber: 5,
      revived: ['trace'],
      testKho: 'succeeded',
      warnings: [],
      complaints: [],
    })
    expect(report.retrieved.files.map(({ session, token, size }) => [session, token, Number(size)])).toEqual([
      ['vm-a', 1n, 30001],
      ['vm-a', 2n, 65536],
      ['vm-b', 3n, 2 ** 21],
    ])
  })

  describeWith('KHO_TEST_CORPUS', 'from the corpus', corpus => {
    it('is taken over: a 7.2 keeps the very blocks that the code of a 6.19 preserved', async () => {
      const name = join(corpus, 'kho-v1-6.19', 'vmalloc')
      const expected = readJson<Expected>(`${name}.expected.json`)
      const image = await openImage(`${name}.img.zst`, { base: Number(expected.image.base) })
      const source = loadState(image, {
        root: Number(expected.fdt_phys),
        scratch: {
          address: Number(expected.scratch.descriptor_phys),
          size: expected.scratch.descriptor_len,
        },
      })
      expect(source.abi).toBe('kho-v1-page')
      // Where that machine had scratch is not where this guest has memory: an area is chosen for it.
      const report = await replayState(await convertedTo72(source), { kernel })
      expect(report).toMatchObject({ word: 'ok', why: [] })
      const kept = [...(report.reservations ?? [])].sort((a, b) => a.start - b.start)
      expect(kept).toHaveLength(expected.preserved.count)
      const lines = kept.map(({ start, end }) => `${start.toString(16)} ${Math.log2((end - start) / 4096)}\n`)
      expect(sha256(lines.join(''))).toBe(expected.preserved.sha256)
    })
  })
})
