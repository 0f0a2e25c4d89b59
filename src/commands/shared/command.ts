import type { Command } from 'commander'
import type { ZodType } from 'zod'
import type { Terminal } from './terminal.js'

/** What a command's own file exports: its arguments, options, help text and action. */
export interface CommandModule {
  configure(command: Command, terminal: Terminal, tree: CommandTree): void
}

/** A command as far as the general help needs it. */
export interface CommandEntry {
  name: string
  /** Another name for it. */
  alias?: string
  /** One line for `kho help`. */
  summary: string
  load(): Promise<CommandModule>
  /** What its `--json` writes; its code takes the type of it from here. Left out where a command has no `--json`. */
  schema?(): Promise<{ schema: ZodType }>
}

/** All commands, for those that describe the others. */
export interface CommandTree {
  entries: readonly CommandEntry[]
}
