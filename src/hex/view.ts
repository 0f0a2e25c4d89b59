import { viewOf } from '../../formats/memory/u64.js'

let bytes: Uint8Array = new Uint8Array(0)
let view = viewOf(bytes)

/** A view to read numbers by. Fields lie many in the same bytes: those of the last one are not viewed anew. */
export function sameView(of: Uint8Array): DataView {
  if (of !== bytes) {
    bytes = of
    view = viewOf(of)
  }
  return view
}
