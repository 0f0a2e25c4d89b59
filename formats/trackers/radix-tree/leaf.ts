import { addBitmap, type PageSet } from '../../pages/page-set.js'
import { countBits, isEmpty, nextSet } from '../../pages/words.js'
import { prefixMeaning, type RadixShape } from './shape.js'

/** Something in a leaf that is no block. */
export interface LeafProblem {
  code: string
  message: string
}

/**
 * Adds the blocks of one leaf to a set. `prefix` is the key of the leaf's bit 0.
 *
 * A key is `1 << (order0 - order) | block`, so the topmost set bit tells the order: kho_radix_decode_key in
 * kernel/liveupdate/kexec_handover.c, 7.2. Above the leaf's own bits it is the same for all of them; in the one leaf
 * whose prefix is 0 each bit has its own. Keys below `bareLimit` are page numbers that lost their order bit (trees of
 * 16K pages that are one level too short).
 */
export function addLeaf(
  pages: PageSet,
  shape: RadixShape,
  prefix: number,
  words: Uint32Array,
  bareLimit: number,
): LeafProblem[] {
  if (isEmpty(words)) return []
  const bits = words.length * 32
  if (prefix < bareLimit) return addBareKeys(pages, shape, prefix, words, Math.min(bareLimit - prefix, bits))
  const meaning = prefixMeaning(shape, prefix, 0)
  return meaning === null
    ? lowKeyProblems(shape, words)
    : addChecked(pages, meaning.order, meaning.first, words)
}

function addChecked(pages: PageSet, order: number, first: number, words: Uint32Array): LeafProblem[] {
  const lost = addBitmap(pages, order, first, words)
  if (lost === 0) return []
  return [{ code: 'BLOCK-ADDRESS', message: `${lost} blocks of order ${order} lie at or above 2^52` }]
}

/** Keys that fit the leaf's own bits: orders so high that a block of them is no memory that exists. */
function lowKeyProblems(shape: RadixShape, words: Uint32Array): LeafProblem[] {
  const problems: LeafProblem[] = []
  if ((words[0]! & 1) !== 0) {
    problems.push({
      code: 'RADIX-KEY',
      message: 'key 0 has no order bit: its order and address are undefined',
    })
  }
  for (let top = 0; top < shape.bitmapLog2; top++) {
    const first = 2 ** top
    const bit = nextSet(words, first)
    if (bit >= first * 2) continue
    const order = shape.order0 - top
    problems.push({
      code: 'RADIX-KEY',
      message: `key ${bit} stands for order ${order}, larger than any memory`,
    })
  }
  return problems
}

function addBareKeys(
  pages: PageSet,
  shape: RadixShape,
  prefix: number,
  words: Uint32Array,
  bare: number,
): LeafProblem[] {
  const bareWords = words.slice()
  bareWords.fill(0, Math.ceil(bare / 32))
  if (bare % 32 !== 0) {
    const last = Math.floor(bare / 32)
    bareWords[last] = bareWords[last]! & (0xffffffff >>> (32 - (bare % 32)))
  }
  const problems = addChecked(pages, 0, prefix, bareWords)
  const count = countBits(bareWords)
  if (count > 0) {
    const message = `${count} order-0 keys without their order bit (tree of 4 levels with 16K pages, fixed by d64b0372760e); read as page numbers. A kernel reads them as blocks of other orders`
    problems.push({ code: 'RADIX-DEPTH-16K', message })
  }
  if (bare < words.length * 32) {
    const rest = words.slice()
    for (let i = 0; i < rest.length; i++) rest[i] = rest[i]! & ~bareWords[i]!
    problems.push(...addLeaf(pages, shape, prefix, rest, 0))
  }
  return problems
}
