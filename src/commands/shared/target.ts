import { KhoError } from '../../../formats/error.js'
import { isAddressText } from '../../../formats/layout/index.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import { type Place, rangeSize } from '../../../formats/memory/range.js'
import type { KhoState } from '../../image/state.js'
import { bytesNode, type Node } from '../../model/node.js'
import { resolve } from '../../model/resolve.js'
import { parseAddress, parseExtent, parseRange } from './numbers.js'

/** What an argument names: a part of the state, or memory at an address. */
export type Target = { kind: 'part'; part: Node } | { kind: 'address'; part: Node }

/** A path, or `ADDR`, `ADDR+LENGTH` or `START-END`. An address alone stands for the rest of its page. Throws `usage`. */
export function targetOf(state: KhoState, text: string): Target {
  if (!isAddressText(text)) return { kind: 'part', part: resolve(state, text) }
  const { address, size } = placeAt(state, text)
  if (address + size > ADDRESS_LIMIT) throw new KhoError('usage', `'${text}' ends behind 2^52`)
  return { kind: 'address', part: bytesNode(text, 'memory', address, size) }
}

function placeAt(state: KhoState, text: string): Place {
  if (text.includes('+')) return parseExtent(text)
  if (!text.includes('-')) return restOfPage(state, text)
  const range = parseRange(text)
  return { address: range.start, size: rangeSize(range) }
}

function restOfPage(state: KhoState, text: string): Place {
  const { pageSize } = state.geometry
  const address = parseAddress(text)
  return { address, size: pageSize - (address % pageSize) }
}
