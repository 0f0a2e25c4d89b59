import type { KhoErrorCode } from '../../../formats/error.js'

/** The exit codes that users may rely on (docs/cli.md, "Exit codes"). */
export const EXIT = {
  done: 0,
  found: 1,
  usage: 2,
  unreadable: 3,
  noState: 4,
  brokenState: 5,
  missing: 6,
  bug: 70,
  /** Nothing can be said about a kernel: what `git bisect run` takes for "skip this one". */
  unjudged: 125,
} as const

/** What each reason for a refusal means to a script. */
export const EXIT_OF: Readonly<Record<KhoErrorCode, number>> = {
  usage: EXIT.usage,
  unreadable: EXIT.unreadable,
  'unknown-format': EXIT.unreadable,
  unsupported: EXIT.unreadable,
  'bad-fdt': EXIT.unreadable,
  'no-state': EXIT.noState,
  'no-part': EXIT.noState,
  'broken-state': EXIT.brokenState,
  'cannot-express': EXIT.brokenState,
  missing: EXIT.missing,
  'no-space': EXIT.missing,
  // A writer of ours was called out of turn: nothing that a user did.
  'bad-sequence': EXIT.bug,
}
