import { bitsKey } from '../../formats/described/index.js'
import type { KhoState } from '../image/state.js'
import { type Described, describedOf } from './described-index.js'
import { partKind } from './described-part.js'
import type { Elements } from './elements.js'
import { type Field, type ItemField, isNotKnown, type Kind, type LeafValue, type Thing } from './kind.js'
import type { Part } from './part.js'

/** Values that are compared; past that many, the memory itself tells. */
const MOST_VALUES = 4096

const BITS = bitsKey('')

/** The values of a structure and of what it leads to: all but addresses, which differ where nothing changed. */
export function describedItemFields(self: Described, state: KhoState): ItemField[] {
  const { node, compiled, path, all } = self
  if (node === null) return []
  const out: ItemField[] = []
  const part: Part = { node, path, all, index: describedOf(state) }
  addThing(out, state, { kind: partKind(compiled) as Kind<unknown>, self: part }, '')
  return out
}

function addThing(out: ItemField[], state: KhoState, { kind, self }: Thing, prefix: string): void {
  for (const [name, field] of Object.entries(kind.fields)) {
    if (out.length >= MOST_VALUES) return
    // The parts of a word are the word.
    if (name.endsWith(BITS) && Object.hasOwn(kind.fields, name.slice(0, -BITS.length))) continue
    addField(out, state, field, self, `${prefix}${name}`)
  }
}

function addField(
  out: ItemField[],
  state: KhoState,
  field: Field<unknown>,
  self: unknown,
  name: string,
): void {
  const value = field.get(self, state)
  if (value === null || isNotKnown(value)) return
  if (field.form === 'leaf') {
    if (field.kind !== 'address' && !(value instanceof Uint8Array)) {
      out.push({ name, value: String(value as LeafValue), class: 'content-changed' })
    }
    return
  }
  if (field.form === 'one') {
    // Which pages a list lies in is no property of it.
    if ((value as Thing).kind.item === undefined) addThing(out, state, value as Thing, `${name}/`)
    return
  }
  const { of } = field
  if ('form' in of) return
  const elements = value as Elements<unknown>
  out.push({ name, value: `${elements.length} entries`, class: 'content-changed' })
  for (let n = 0; n < elements.length && out.length < MOST_VALUES; n++) {
    addThing(out, state, { kind: of, self: elements.item(n) }, `${name}/#${n}/`)
  }
}
