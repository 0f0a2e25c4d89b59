import { kernelNamed, readingKernel } from '../../formats/kernels/index.js'
import type { Range } from '../../formats/memory/range.js'
import { kernelOffer, stateOffer } from '../abi/offer.js'
import { takeOver } from '../abi/take-over.js'
import type { HexSpan } from '../hex/span.js'
import { addressSpans, partSpans } from '../hex/spans.js'
import type { KhoState } from '../image/state.js'
import { resolve } from '../model/resolve.js'
import type { CompatRow } from '../rules/compat.js'

/**
 * The bytes of a part, or of a range of addresses, field by field. Made as they are asked for.
 *
 * @throws KhoError `usage` for a path that leads nowhere
 */
export function annotate(state: KhoState, what: string | Range): Iterable<HexSpan> {
  return typeof what === 'string' ? partSpans(state, resolve(state, what)) : addressSpans(state, what)
}

/**
 * Component by component, whether a kernel takes over what a state, or another release, hands to it.
 *
 * @param reader a release or an ABI's name
 * @throws KhoError `usage` for a release that nobody knows
 */
export function abi(writer: KhoState | string, reader: string): CompatRow[] {
  const offer =
    typeof writer === 'string' ? kernelOffer(kernelNamed(writer)) : stateOffer(writer, writer.image.path)
  const kernel = readingKernel(reader)
  return takeOver(offer, { name: kernel.release, kernel, file: null, modules: [] })
}
