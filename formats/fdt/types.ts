/**
 * What a problem in a blob is. The first group are libfdt's own error names ({@link FDT_ERRORS} has their
 * numbers); the rest are found here only, and libfdt reads past them.
 *
 * - `TOO-DEEP`, `TOO-LONG`: past {@link FDT_MAX_DEPTH} or {@link FDT_MAX_NAME}; what is past it is left out
 * - `NEWER-VERSION`: a version above 17 that says it can be read as 17
 * - `END-OUTSIDE`: FDT_END lies just behind the structure block that size_dt_struct gives
 * - `AFTER-END`: the structure block goes on behind FDT_END
 * - `NOP-BEFORE-ROOT`: libfdt and Linux do not find a root node that FDT_NOP precedes
 * - `NOP-IN-OLD-VERSION`: FDT_NOP came with version 16
 * - `LATE-PROPERTY`: a property behind a child node, which libfdt's look-ups do not see
 * - `EMPTY-RESERVATION`: the reserve map ends at an entry whose address is not zero
 * - `OVERLAP`: two of the header and the three blocks share bytes
 * - `NODE-NAME-CHARS`, `NODE-NAME-FORMAT`, `NODE-NAME-EMPTY`, `PROPERTY-NAME-CHARS`,
 *   `PROPERTY-NAME-EMPTY`: names that break the Devicetree Specification
 * - `DUPLICATE-NODE`, `DUPLICATE-PROPERTY`: a name a second time in one node
 * - `EXTRA-NUL`: a text that ends with more than one NUL
 * - `MORE`: there are more problems of this severity than {@link FDT_MAX_PROBLEMS}
 */
export type FdtProblemCode =
  | 'BADOFFSET'
  | 'TRUNCATED'
  | 'BADMAGIC'
  | 'BADVERSION'
  | 'BADSTRUCTURE'
  | 'ALIGNMENT'
  | 'TOO-DEEP'
  | 'TOO-LONG'
  | 'NEWER-VERSION'
  | 'END-OUTSIDE'
  | 'AFTER-END'
  | 'NOP-BEFORE-ROOT'
  | 'NOP-IN-OLD-VERSION'
  | 'LATE-PROPERTY'
  | 'EMPTY-RESERVATION'
  | 'OVERLAP'
  | 'NODE-NAME-CHARS'
  | 'NODE-NAME-FORMAT'
  | 'NODE-NAME-EMPTY'
  | 'PROPERTY-NAME-CHARS'
  | 'PROPERTY-NAME-EMPTY'
  | 'DUPLICATE-NODE'
  | 'DUPLICATE-PROPERTY'
  | 'EXTRA-NUL'
  | 'MORE'

/** One thing that is wrong in a blob. */
export interface FdtProblem {
  code: FdtProblemCode
  /** Where in the blob, in bytes from its start. */
  offset: number
  /** One sentence without a full stop: what is wrong, with the numbers. */
  message: string
  /**
   * `error`: the blob is broken, and part of it cannot be read as it was meant; {@link parseFdt} refuses it.
   * `warning`: all of it can be read, but it breaks the specification, or other readers see less.
   */
  severity: 'error' | 'warning'
}

/** The header's words, in host order. Sizes and offsets in bytes from the blob's start. */
export interface FdtHeader {
  totalsize: number
  offDtStruct: number
  offDtStrings: number
  offMemRsvmap: number
  version: number
  lastCompVersion: number
  /** 0 in version 1, which has no such word. */
  bootCpuidPhys: number
  /** In versions 1 and 2, which have no such word: from the block's start to the end of the blob. */
  sizeDtStrings: number
  /** Null before version 17: the block ends at FDT_END. */
  sizeDtStruct: number | null
}

/** One property. */
export interface FdtProperty {
  /** A byte string: one character (U+0000 to U+00FF) for each byte. */
  name: string
  /** A view into the blob, not a copy. */
  value: Uint8Array
  /** Where the value lies in the blob. */
  offset: number
}

/** One node, with all that lies below it. */
export interface FdtNode {
  /** A byte string, with the unit address; '' for the root. In versions below 16 the path's last part. */
  name: string
  /** '/' for the root. */
  path: string
  /** Where FDT_BEGIN_NODE lies in the blob. */
  offset: number
  /** In the blob's order. */
  properties: FdtProperty[]
  /** In the blob's order. */
  children: FdtNode[]
}

/** One entry of the memory reserve map. */
export interface FdtReservation {
  address: bigint
  size: bigint
}

/** A decoded blob. */
export interface FdtTree {
  header: FdtHeader
  reservations: FdtReservation[]
  root: FdtNode
  problems: FdtProblem[]
}

/** What a lenient read found. */
export interface FdtReading {
  /** Null where the bytes are too short for a header or have another magic. */
  header: FdtHeader | null
  /** Null where there is no root node; else all that was decoded before the break. */
  tree: FdtTree | null
  /** Header first, then the reserve map, then the structure block in its order. */
  problems: FdtProblem[]
}

/** The levels of nodes that are kept, the root being level 1; as FDT_MAX_DEPTH of Linux's drivers/of/fdt.c. */
export const FDT_MAX_DEPTH = 64

/** The longest name of a node or property that is kept, in bytes without the NUL. */
export const FDT_MAX_NAME = 1023

/** The most problems that are listed, of errors and of warnings each. */
export const FDT_MAX_PROBLEMS = 1000
