import { bench, describe } from 'vitest'
import { addBitmap, createPageSet, type PageSet, SPAN_BITS, SPAN_WORDS } from '../formats/pages/page-set.js'
import { diffStates } from '../src/diff/diff.js'
import { stateOf } from '../test/src/diff/states.js'

/** 1 TiB of 4K pages. */
const SPANS = 2 ** 28 / SPAN_BITS

/** Half of 1 TiB at order 0, at random; `flips` single pages are otherwise. Two sets share no memory. */
function halfRandom(seed: number, flips: number): PageSet {
  const set = createPageSet(12)
  let x = seed
  const next = () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
  const words: Uint32Array[] = []
  for (let span = 0; span < SPANS; span++) words.push(Uint32Array.from({ length: SPAN_WORDS }, next))
  for (let n = 0; n < flips; n++) {
    const bit = (n * 268_435) % 2 ** 28
    const span = Math.floor(bit / SPAN_BITS)
    const at = bit - span * SPAN_BITS
    words[span]![at >>> 5] = words[span]![at >>> 5]! ^ (1 << (at & 31))
  }
  for (let span = 0; span < SPANS; span++) addBitmap(set, 0, span * SPAN_BITS, words[span]!)
  return set
}

describe('two states of 1 TiB, half of it at random, that differ in 1,000 pages (limit: 150 ms)', () => {
  const a = stateOf({ pages: halfRandom(1, 0) })
  const b = stateOf({ pages: halfRandom(1, 1000) })
  bench('the whole diff', () => {
    const { removedBytes, addedBytes } = diffStates(a, b).totals
    if (removedBytes + addedBytes !== 1000 * 4096)
      throw new Error('the difference is not what it was made to be')
  })
})
