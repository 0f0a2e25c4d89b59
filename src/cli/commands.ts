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
  { name: 'diff', summary: 'what changed between two states', load: () => import('./diff.js') },
  {
    name: 'validate',
    summary: 'every rule; what breaks, and what the kernel will do about it',
    load: () => import('./validate.js'),
  },
  { name: 'extract', summary: 'the bytes behind a path, to a file', load: () => import('./extract.js') },
  {
    name: 'slim',
    summary: 'only what matters, as a small ELF core',
    load: () => import('./slim.js'),
  },
  {
    name: 'convert',
    summary: 'the same state, written in another ABI',
    load: () => import('./convert.js'),
  },
  {
    name: 'compare',
    summary: 'what this state costs in every tracker',
    load: () => import('./compare.js'),
  },
  {
    name: 'rules',
    summary: 'the rules of validate, or one explained',
    load: () => import('./rules.js'),
  },
  { name: 'abi', summary: 'versions, and who can read whom', load: () => import('./abi.js') },
  {
    name: 'simulate',
    summary: "a guest's memory as the kernel would have written it",
    load: () => import('./simulate.js'),
  },
  {
    name: 'replay',
    summary: 'boots a real kernel on a state, and says what it made of it',
    load: () => import('./replay.js'),
  },
  {
    name: 'capture',
    summary: 'boots a guest, preserves, kexecs, dumps, checks',
    load: () => import('./capture.js'),
  },
  { name: 'schema', summary: 'the JSON Schemas of the outputs', load: () => import('./schema.js') },
  { name: 'completion', summary: 'shell completion', load: () => import('./completion.js') },
]
