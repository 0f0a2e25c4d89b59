import type { KhoState } from '../image/state.js'
import type { Piece } from '../model/piece.js'
import { fdtItems } from './fdt-items.js'
import { nodeItems } from './node-items.js'
import { batched, FieldItem, type Item } from './span.js'
import { recordItems, structItems } from './struct-items.js'
import { sameView } from './view.js'

/** The fields of a piece, ascending, some at a time. */
export function itemsOf(state: KhoState, piece: Piece): Iterable<readonly Item[]> {
  switch (piece.kind) {
    case 'struct':
      return [structItems(piece.struct, piece.address, piece.path, piece.note)]
    case 'records':
      return recordItems(piece)
    case 'words':
      return wordItems(piece)
    case 'fdt':
      return fdtItems(state, piece.tree, piece.address, piece.path)
    case 'node':
      return nodeItems(state, piece.node)
  }
}

function wordItems({ address, count, name, meaning }: Extract<Piece, { kind: 'words' }>): Iterable<Item[]> {
  return batched(count, (n, items) => {
    const value: Item['value'] = (bytes, at) => meaning(sameView(bytes).getBigUint64(at, true), n)
    items.push(new FieldItem(address + n * 8, 8, `${name}[${n}]`, 'u64', value))
  })
}
