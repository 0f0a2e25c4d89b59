/**
 * Why an operation was refused. Bad *data* in an image is never thrown (it becomes a {@link Fault});
 * an error is for input that cannot be opened, misuse, and requests that cannot be met.
 *
 * - `usage`: the caller asked for something that makes no sense
 * - `unreadable`: a file cannot be read, or is cut short where its header is
 * - `unknown-format`: the bytes are no dump that is known
 * - `unsupported`: recognised, but not readable here; the message says what to do instead
 * - `no-state`: no KHO state in the image, or none with the root asked for
 * - `no-part`: the state has no such part
 * - `broken-state`: a state is there, but too broken, stale or incomplete for the request
 * - `missing`: something outside is missing: a program to run, a place to write
 * - `bad-fdt`: bytes that are no valid flattened device tree
 * - `no-space`: a writer ran out of room
 * - `bad-sequence`: a writer's calls came in an order that has no meaning
 * - `cannot-express`: an encoder's format has no way to say what it was given
 */
export type KhoErrorCode =
  | 'usage'
  | 'unreadable'
  | 'unknown-format'
  | 'unsupported'
  | 'no-state'
  | 'no-part'
  | 'broken-state'
  | 'missing'
  | 'bad-fdt'
  | 'no-space'
  | 'bad-sequence'
  | 'cannot-express'

/** Where an error is: any of a physical address, an offset into a file or blob, and a path. */
export interface ErrorPlace {
  /** Physical address in bytes. */
  address?: number
  /** Offset in bytes into the file or blob at hand. */
  offset?: number
  /** A path in the grammar of the command line, or a file name. */
  path?: string
  /** What the user could try. */
  hint?: string
}

/** The one error type of this package. */
export class KhoError extends Error {
  override readonly name = 'KhoError'

  constructor(
    readonly code: KhoErrorCode,
    message: string,
    readonly place: ErrorPlace = {},
  ) {
    super(message)
  }
}

/** True for a {@link KhoError}, also one from a second copy of this package. */
export function isKhoError(value: unknown): value is KhoError {
  return value instanceof Error && value.name === 'KhoError' && 'code' in value
}
