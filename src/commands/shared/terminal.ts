/** What a command talks to. Handed in, so that a test can listen. */
export interface Terminal {
  /** Writes all of it to standard output. Throws {@link ClosedPipe} when nobody reads any more. */
  out(bytes: Uint8Array): void
  /** Writes to standard error; never throws. */
  err(text: string): void
  outIsTerminal: boolean
  errIsTerminal: boolean
  /** Characters of a line of standard output; null or left out where nobody says. */
  columns?: number | null
  env: Readonly<Record<string, string | undefined>>
  /** Has what follows shown page by page; left out where nobody could turn pages. */
  page?(): void
  /** All of standard input, as text; empty where that is a terminal. Left out where there is none. */
  input?(): string
  /** Exit code of a command that did its work and found what its code tells (docs/cli.md, "Exit codes"). */
  code?: number
  /** Files and folders that the command reads: no output may take their place. */
  inputs?: Set<string>
  /** What a command leaves to be undone when it is through, such as open files. */
  cleanups?: (() => void)[]
}

/** Remembers that a command reads a file, so that no output takes its place. */
export function addInput(terminal: Pick<Terminal, 'inputs'>, path: string): void {
  terminal.inputs ??= new Set()
  terminal.inputs.add(path)
}
