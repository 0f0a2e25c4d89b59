import {
  type Compiled,
  type DescribedIndex,
  type DescribedNode,
  postedText,
} from '../../formats/described/index.js'

/** A structure that a layout tells, at its place. */
export interface Part {
  node: DescribedNode
  /** Set where the dump lacks its bytes. */
  lost?: true
  path: string
  all: Compiled
  index: DescribedIndex
}

/** What annotated bytes say beside a structure's name. */
export function noteOf({ all }: Pick<Part, 'all'>): { note?: string } {
  const note = postedText(all.description)
  return note === null ? {} : { note }
}
