import { viewOf } from '../../formats/memory/u64.js'
import type { KhoState } from '../image/state.js'
import type { Piece } from '../model/piece.js'
import { fdtItems } from './fdt-items.js'
import { nodeItems } from './node-items.js'
import type { Item } from './span.js'
import { recordItems, structItems } from './struct-items.js'

/** The fields of a piece, ascending. */
export function itemsOf(state: KhoState, piece: Piece): Iterable<Item> {
  switch (piece.kind) {
    case 'struct':
      return structItems(piece.struct, piece.address, piece.path, piece.note)
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

function* wordItems({ address, count, name, meaning }: Extract<Piece, { kind: 'words' }>): Generator<Item> {
  for (let n = 0; n < count; n++) {
    yield {
      address: address + n * 8,
      length: 8,
      name: `${name}[${n}]`,
      type: 'u64',
      value: bytes => meaning(viewOf(bytes).getBigUint64(0, true), n),
    }
  }
}
