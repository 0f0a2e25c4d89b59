import type { Command } from 'commander'
import type { Terminal } from './terminal.js'

/** What a command's own file exports: its arguments, options, help text and action. */
export interface CommandModule {
  configure(command: Command, terminal: Terminal): void
}

/** A command as far as the general help needs it. */
export interface CommandEntry {
  name: string
  /** One line for `kho help`. */
  summary: string
  load(): Promise<CommandModule>
}

/**
 * Every command. A new one is a file beside this one and a line here; nothing of it is loaded before the
 * command line names it.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'dump',
    summary: 'the handed-over state as a tree, or a part of it',
    load: () => import('./dump.js'),
  },
  { name: 'pages', summary: 'the preserved blocks, one a line', load: () => import('./pages.js') },
  {
    name: 'whois',
    summary: 'what each address is: preserved or not, tracker path, owner',
    load: () => import('./whois.js'),
  },
  { name: 'hex', summary: 'annotated hex dump of a part or an address', load: () => import('./hex.js') },
  { name: 'extract', summary: 'the bytes behind a path, to a file', load: () => import('./extract.js') },
  { name: 'schema', summary: 'the JSON Schemas of the outputs', load: () => import('./schema.js') },
  { name: 'completion', summary: 'shell completion', load: () => import('./completion.js') },
]
