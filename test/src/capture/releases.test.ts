import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkRetrieved, checkState } from '../../../src/capture/check.js'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { validateState } from '../../../src/validate/validate.js'
import { CAPTURED_RELEASES, releaseFixture } from './release-fixture.js'

it('there is one of each kernel that changed something', () => {
  expect(CAPTURED_RELEASES).toEqual(
    expect.arrayContaining(['6.17.8', '6.18.15', '6.19.11', '7.1.13', '7.2.13', '7.3.4']),
  )
})

describe.each(CAPTURED_RELEASES)('what Linux %s handed over', release => {
  const { kernel, capture, dump } = releaseFixture(release)

  it('came back to user space as it was', () => {
    expect(checkRetrieved(capture).differences).toEqual([])
    expect(capture.preserved).toHaveLength(kernel.users.luo === null ? 0 : 3)
  })

  describe.each(['jump', 'early'] as const)('at the moment %s', moment => {
    let image: KhoImage
    let state: KhoState
    beforeAll(async () => {
      image = await openImage(dump(moment))
      state = loadState(image)
    })
    afterAll(() => image.close())

    it('is read as its release writes it', () => {
      expect(state.abi).toBe(kernel.layout.name)
      expect(state.tracker).toMatchObject({ format: kernel.layout.tracker, state: 'live' })
      expect([...state.faults, ...state.blobs().flatMap(({ faults }) => faults)]).toEqual([])
    })

    it("is the kernel's own account: blocks, files with their contents, frames, blobs, scratch", () => {
      for (const check of checkState(state, moment, capture)) {
        expect(check).toMatchObject({ ok: true, differences: [] })
      }
      expect(capture.reservations.length).toBeGreaterThan(5)
    })

    it('is sound to the kernel that wrote it', () => {
      expect(validateState(state, { reader: release }).outcome).toMatchObject({ word: 'ok', why: [] })
    })
  })

  it('says in its version what it is', () => {
    expect(readFileSync(`fixtures/releases/${release}/first.version.txt`, 'utf8')).toContain(kernel.release)
  })
})
