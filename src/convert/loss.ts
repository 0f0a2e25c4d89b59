/** What kind of thing a conversion did not carry over as it was. */
export type LossCode =
  | 'ORDERS'
  | 'BLOCKS-LOST'
  | 'BLOB-SIZE-DROPPED'
  | 'BLOB-SIZE-ADDED'
  | 'NODE-MADE-BLOB'
  | 'POINTER-KEPT'
  | 'PROPERTY-DROPPED'
  | 'CHILD-DROPPED'
  | 'ROOT-BLOCK'
  | 'ROOT-MOVED'
  | 'BLOB-REWRITTEN'
  | 'SEALS'
  | 'FLBS'
  | 'NUMA'
  | 'PLACEMENT'
  | 'SCRATCH-UNKNOWN'
  | 'FORMAT-FLAW'
  | 'READ-WITH'

/**
 * One thing that differs. `lost`: converting back does not bring it back. `changed`: it is said in another way.
 * `assumed`: the image does not say it, so it was guessed.
 */
export interface Loss {
  code: LossCode
  kind: 'lost' | 'changed' | 'assumed'
  /** Path of what it is about, in the grammar of the command line; null for the whole state. */
  path: string | null
  message: string
}

/** Makes a {@link Loss}. */
export function loss(code: LossCode, kind: Loss['kind'], path: string | null, message: string): Loss {
  return { code, kind, path, message }
}
