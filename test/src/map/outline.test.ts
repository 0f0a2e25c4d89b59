import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadState } from '../../../src/image/load-state.js'
import type { KhoImage } from '../../../src/image/open.js'
import type { KhoState } from '../../../src/image/state.js'
import { memoryMap } from '../../../src/map/memory-map.js'
import { drawChange, drawOne, mapOutline } from '../../../src/map/outline.js'
import { drawPicture, type Picture, pictureOf } from '../../../src/map/picture.js'
import { openImage } from '../../../src/node/open.js'

const FILES = ['basic-1g.s1-kexec', 'basic-1g.s2-early', 'chain-512m.s2-kexec', 'reserve-only-256m.s1-kexec']
const RANGES = [null, { start: 0x1000_0000, end: 0x1800_0000 }, { start: 0x2f00_0000, end: 0x2f40_0000 }]

/*
 * What is counted must show as what is listed piece by piece: the map that the library and the page have.
 */
describe('an outline', () => {
  const images: KhoImage[] = []
  const states: KhoState[] = []
  beforeAll(async () => {
    for (const file of FILES) {
      const image = await openImage(`fixtures/linux-7.2.${file}.elf`)
      images.push(image)
      states.push(loadState(image))
    }
  })
  afterAll(() => {
    for (const image of images) image.close()
  })
  const all = ({ cells, ...picture }: Picture) => ({ ...picture, cells: [...cells()] })

  it.each(['owner', 'order'] as const)('is drawn as the map is, by %s', by => {
    for (const state of states) {
      for (const range of RANGES) {
        for (const rows of [1, 24, 200]) {
          const options = { by, range, columns: 64, rows }
          const counted = drawPicture(drawOne(mapOutline(state), by), options)
          expect(all(counted)).toEqual(all(pictureOf(memoryMap(state), { ...options, second: null })))
        }
      }
    }
  })

  it('is compared with another as the map is', () => {
    for (const a of states) {
      for (const b of states) {
        const options = { by: 'change' as const, range: null, columns: 64, rows: 24 }
        const counted = drawPicture(drawChange(mapOutline(a), mapOutline(b)), options)
        const listed = pictureOf(memoryMap(a), { ...options, second: memoryMap(b) })
        expect(all(counted)).toEqual(all(listed))
      }
    }
  })
})
