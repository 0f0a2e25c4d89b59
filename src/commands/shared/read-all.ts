import type { KhoState } from '../../image/state.js'
import type { Elements } from '../../model/elements.js'
import { isNotKnown, type Thing } from '../../model/kind.js'
import { DOCUMENT } from '../../model/state.js'
import { createTold, isTold, type Told } from '../../render/told.js'
import { shownFields } from '../../render/view-json.js'

/** Reads all that a document about a state would say, without a word of it: what several paths lead to is read once. */
export function readDocument(state: KhoState): void {
  readThing(state, createTold(), { kind: DOCUMENT, self: state })
}

function readThing(state: KhoState, told: Told, { kind, self }: Thing): void {
  for (const [, field] of shownFields(kind)) {
    const found = field.get(self, state)
    if (field.form === 'leaf' || found === null || isNotKnown(found)) continue
    if (field.form === 'one') {
      const thing = found as Thing
      if (!isTold(told, thing.kind, thing.self)) readThing(state, told, thing)
      continue
    }
    const elements = found as Elements<unknown>
    for (let n = 0; n < elements.length; n++) {
      const element = elements.item(n)
      if ('form' in field.of) field.of.get(element, state)
      else readThing(state, told, { kind: field.of, self: element })
    }
  }
}
