import { addBitmap, createPageSet, type PageSet, SPAN_BITS, SPAN_WORDS } from '../formats/pages/page-set.js'

/** Every page of so much memory with a chance of one half, from a xorshift generator: the same each time. */
export function halfRandom(bytes: number): PageSet {
  const pages = createPageSet(12)
  let state = 0x9e3779b9
  for (let first = 0; first < bytes / 4096; first += SPAN_BITS) {
    const words = new Uint32Array(SPAN_WORDS)
    for (let i = 0; i < SPAN_WORDS; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[i] = state >>> 0
    }
    addBitmap(pages, 0, first, words)
  }
  return pages
}
