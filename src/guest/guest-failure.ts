/**
 * A guest did not do what it was started for: its kernel died, was too slow, or refused. Nothing that a user of this package
 * did wrong, and no error either where that is what was to be found out.
 */
export class GuestFailure extends Error {
  override readonly name = 'GuestFailure'

  /** @param unjudged nothing can be said about the kernel: it does not boot by itself, or lacks what is to be judged */
  constructor(
    message: string,
    readonly unjudged: boolean = false,
  ) {
    super(message)
  }
}
