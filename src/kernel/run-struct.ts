import {
  type CompiledStruct,
  type DescribedValue,
  encodeDescribed,
  type LayoutUse,
  type Written,
} from '../../formats/described/index.js'
import { KhoError } from '../../formats/error.js'
import { makeContents } from '../scenario/contents.js'
import { CONTENTS } from '../scenario/contents-schema.js'
import { metadataPages, type RunContext } from './run-context.js'

/** A structure of a call, and by whose name its layout is found. */
export interface StructCall {
  use: LayoutUse
  name: string
  struct: DescribedValue
  /** Which of several; the newest where left out. */
  type?: string | undefined
}

/** Writes a structure that a layout tells, and all that it leads to, into pages that are preserved. */
export function writeStruct(context: RunContext, call: StructCall): Written {
  const { kho, open } = context
  return encodeDescribed(
    {
      allocator: metadataPages(context, call.name),
      geometry: kho.geometry,
      fill(bytes, given) {
        const spec = CONTENTS.safeParse(given)
        if (!spec.success)
          throw new KhoError('usage', `contents of ${call.name}: expected ${CONTENTS.description}`)
        const contents = makeContents(spec.data, open)
        if (contents !== null) bytes.set(contents(0, bytes.length))
      },
    },
    structOf(context, call),
    call.struct,
  )
}

function structOf({ layouts }: RunContext, { use, name, type }: StructCall): CompiledStruct {
  const match = layouts.find(use, name)
  if (match === null) {
    throw new KhoError('usage', `no layout tells of ${JSON.stringify(name)}`, {
      hint: `there are ${layouts.names(use).join(', ')}; --layout FILE adds others`,
    })
  }
  const { candidates } = match
  const found = type === undefined ? candidates[0] : candidates.find(candidate => candidate.name === type)
  if (found !== undefined) return found
  const known = candidates.map(candidate => candidate.name).join(', ')
  throw new KhoError('usage', `${JSON.stringify(name)} is no ${type}; it is ${known}`)
}
