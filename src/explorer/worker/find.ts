import { encodeSegment } from '../../../formats/layout/index.js'
import type { Range } from '../../../formats/memory/range.js'
import type { KhoState } from '../../image/state.js'
import { resolve } from '../../model/resolve.js'
import { whois } from '../../whois/whois.js'

/** Where an address, a path or the name of a session lies. */
export function findText(state: KhoState, text: string): { path: string | null; range: Range | null } {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return findAddress(state, BigInt(text))
  const path = text.startsWith('/') ? text.slice(1) : pathFor(state, text)
  const node = resolve(state, path)
  const [first] = node.memory.extents
  return { path: node.path, range: first ?? null }
}

function findAddress(state: KhoState, address: bigint): { path: string | null; range: Range | null } {
  const { block, owners } = whois(state, address)
  const { pageSize } = state.geometry
  const start = block?.address ?? Number(address - (address % BigInt(pageSize)))
  const size = block === null ? pageSize : pageSize * 2 ** block.order
  return { path: owners[0]?.path ?? null, range: { start, end: start + size } }
}

/** A name that is no path may be a session's, or a region's. */
function pathFor(state: KhoState, text: string): string {
  for (const path of [text, `luo/sessions/${encodeSegment(text)}`, `memblock/${encodeSegment(text)}`]) {
    try {
      return resolve(state, path).path
    } catch {
      // Not this one.
    }
  }
  return text
}
