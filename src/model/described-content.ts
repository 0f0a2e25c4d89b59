import type { ContentFields, DescribedNode, Followed } from '../../formats/described/index.js'
import { keyOf, numberAt } from '../../formats/described/index.js'
import { appendPath } from '../../formats/layout/index.js'
import type { KhoState } from '../image/state.js'
import { orderFinder } from './block-finder.js'
import { type Described, describedOf } from './described-index.js'
import type { Content, ContentPiece } from './piece.js'

/** What is in a file of which a layout says where its folios go; null for all else. */
export function describedContent({ node, compiled, path }: Described, state: KhoState): Content | null {
  const { content } = compiled
  if (node === null || content === null) return null
  const found = describedOf(state).followed.get(appendPath(path, keyOf(content.folios)))
  const size = numberOf(node, content.size)
  if (found === undefined || size === null) return null
  return {
    size,
    incomplete: found.known === found.count ? null : `its list of folios has only ${found.known} entries`,
    pieces: () => folioPieces(state, found, content, size),
  }
}

function numberOf({ compiled, bytes }: DescribedNode, name: string): number | null {
  const field = compiled.fields.find(candidate => candidate.name === name)!
  const value = numberAt(bytes, field.offset, 8)
  return value > Number.MAX_SAFE_INTEGER ? null : Number(value)
}

/** A folio of such a file. */
interface Placed {
  /** Page offset in the file. */
  index: number
  address: number
  size: number
  /** -1 where no preserved block begins there. */
  order: number
  /** It is not up to date, and reads as zeros. */
  zeros: boolean
}

/** The folios of such a file, as its list has them; null for what has no contents. */
export function describedFolios({ node, compiled, path }: Described, state: KhoState): Placed[] | null {
  const { content } = compiled
  if (node === null || content === null) return null
  const found = describedOf(state).followed.get(appendPath(path, keyOf(content.folios)))
  return found === undefined ? [] : placed(state, found, content)
}

/** Each folio at its page offset; of two at one place the first has it. */
function* folioPieces(
  state: KhoState,
  found: Followed,
  content: ContentFields,
  end: number,
): Generator<ContentPiece> {
  const { pageSize } = state.geometry
  const folios = placed(state, found, content).sort((a, b) => a.index - b.index)
  let covered = 0
  for (const { index, address, size, zeros } of folios) {
    const start = index * pageSize
    const offset = Math.max(start, covered)
    const stop = Math.min(start + size, end)
    if (offset >= stop) continue
    yield {
      offset,
      length: stop - offset,
      address: address + (offset - start),
      ...(zeros ? { zeros: true } : {}),
    }
    covered = stop
  }
}

function placed(state: KhoState, found: Followed, content: ContentFields): Placed[] {
  const { pageSize } = state.geometry
  const orderAt = orderFinder(state)
  const entry = found.link.target!
  const link = entry.links.find(({ to }) => to.kind === 'folio')!
  const bit = (name: string | undefined) => link.field.bits.find(candidate => candidate.name === name)
  const pfn = bit(link.to.kind === 'folio' ? link.to.bits : undefined)!
  const uptodate = bit(content.uptodate)
  const folios: Placed[] = []
  for (let n = 0; n < found.known; n++) {
    const node = found.at(n)
    if (node === null) continue
    const word = numberAt(node.bytes, link.field.offset, 8)
    const frame = Number(BigInt.asUintN(pfn.width, word >> BigInt(pfn.shift)))
    const index = numberOf(node, content.index)
    if (frame === 0 || index === null) continue
    const address = frame * pageSize
    const order = orderAt(address)
    const zeros = uptodate !== undefined && ((word >> BigInt(uptodate.shift)) & 1n) === 0n
    folios.push({ index, address, size: pageSize * 2 ** Math.max(order, 0), order, zeros })
  }
  return folios
}
