import { abiOf, takesCompatible } from '../../../formats/kernels/index.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { kernelName } from './context.js'

/** Bitmaps of another size than the reader takes for granted, under a string that it takes. */
export function* checkBitmapSize({ state, kernel }: RuleContext): Generator<Occurrence> {
  const { bitmap, compatible } = abiOf(state.abi)
  const { format, root, decode } = state.tracker
  if (format !== 'chunk-list' || root === null || decode.nodes.length === 0) return
  // Of a list with bad pointers, or without some of its pages, nobody can tell which size its bitmaps had.
  if (decode.badPointers + decode.absentNodes > 0) return
  if (!takesCompatible(kernel, compatible) || bitmap === null || bitmap === kernel.layout.bitmap) return
  if (kernel.layout.blobProperty !== abiOf(state.abi).blobProperty) return
  const words = (size: typeof bitmap | null) => (size === 'page' ? 'a page' : `${size} bytes`)
  const message = `bitmaps have ${words(bitmap)}; ${kernelName(kernel)} reads ${words(kernel.layout.bitmap)} for each`
  yield { message, path: 'tracker', address: root }
}
