import { viewOf } from '../../formats/memory/u64.js'
import type { KhoState } from '../image/state.js'
import type { Piece } from '../model/piece.js'
import { fdtItems } from './fdt-items.js'
import { nodeItems } from './node-items.js'
import type { Item } from './span.js'
import { recordItems, structItems } from './struct-items.js'

/** The fields of a piece, ascending. */
export function* itemsOf(state: KhoState, piece: Piece): Generator<Item> {
  switch (piece.kind) {
    case 'struct':
      yield* structItems(piece.struct, piece.address, piece.path, piece.note)
      return
    case 'records':
      yield* recordItems(piece)
      return
    case 'words':
      for (let n = 0; n < piece.count; n++) {
        yield {
          address: piece.address + n * 8,
          length: 8,
          name: `${piece.name}[${n}]`,
          type: 'u64',
          value: bytes => piece.meaning(viewOf(bytes).getBigUint64(0, true), n),
        }
      }
      return
    case 'fdt':
      yield* fdtItems(state, piece.tree, piece.address, piece.path)
      return
    case 'node':
      yield* nodeItems(state, piece.node)
      return
  }
}
