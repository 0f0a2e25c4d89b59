import { type ExtractPlan, planExtract, refuseMissing, writeContents } from '../extract/extract.js'
import type { KhoState } from '../image/state.js'
import { resolve } from '../model/resolve.js'
import { toArrayBuffer } from './array-buffer.js'

/** How contents are taken out. */
export interface ExtractOptions {
  /** Give what is there, with zeros for what the dump lacks. Default: refuse contents that are not whole. */
  partial?: boolean
}

/** The bytes behind a path, and what is known of them. */
export interface Extracted extends Omit<ExtractPlan, 'content'> {
  bytes: ArrayBuffer
}

/**
 * The bytes behind a path: a memfd's contents, a reserve_mem region, a structure. Holes are zeros. What does not fit
 * into memory is written piece by piece: {@link planExtract}, {@link writeContents}.
 *
 * @throws KhoError `usage` for a path that leads nowhere or to no bytes, `broken-state` for contents that are not whole,
 * `unsupported` for more than 2 GiB
 */
export function extract(state: KhoState, path: string, options: ExtractOptions = {}): Extracted {
  const { content, ...plan } = planExtract(state, resolve(state, path))
  if (options.partial !== true) refuseMissing({ ...plan, content })
  const bytes = toArrayBuffer(sink => {
    writeContents(state, { ...plan, content }, sink)
    return plan.size
  })
  return { ...plan, bytes }
}
