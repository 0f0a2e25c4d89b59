import type { CommandEntry } from './shared/command.js'

/**
 * Every command. A new one is a folder beside this file and a line here; nothing of it is loaded before the
 * command line names it.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'stat',
    alias: 'ls',
    summary: 'one screen: who wrote it, for whom it is, what it holds, what becomes of it',
    load: () => import('./stat/index.js'),
    schema: () => import('./stat/schema.js'),
  },
  {
    name: 'dump',
    summary: 'the handed-over state as a tree, or a part of it',
    load: () => import('./dump/index.js'),
    schema: () => import('./dump/schema.js'),
  },
  {
    name: 'pages',
    summary: 'the preserved blocks, one a line',
    load: () => import('./pages/index.js'),
    schema: () => import('./pages/schema.js'),
  },
  {
    name: 'whois',
    summary: 'what each address is: preserved or not, tracker path, owner',
    load: () => import('./whois/index.js'),
    schema: () => import('./whois/schema.js'),
  },
  {
    name: 'hex',
    summary: 'annotated hex dump of a part or an address',
    load: () => import('./hex/index.js'),
    schema: () => import('./hex/schema.js'),
  },
  {
    name: 'map',
    summary: 'physical memory as a picture',
    load: () => import('./map/index.js'),
    schema: () => import('./map/schema.js'),
  },
  {
    name: 'diff',
    summary: 'what changed between two states',
    load: () => import('./diff/index.js'),
    schema: () => import('./diff/schema.js'),
  },
  {
    name: 'validate',
    summary: 'every rule; what breaks, and what the kernel will do about it',
    load: () => import('./validate/index.js'),
    schema: () => import('./validate/schema.js'),
  },
  {
    name: 'boot',
    summary: 'what one reading kernel does with it, step by step',
    load: () => import('./boot/index.js'),
    schema: () => import('./boot/schema.js'),
  },
  {
    name: 'extract',
    summary: 'the bytes behind a path, to a file',
    load: () => import('./extract/index.js'),
    schema: () => import('./extract/schema.js'),
  },
  {
    name: 'slim',
    summary: 'only what matters, as a small ELF core',
    load: () => import('./slim/index.js'),
    schema: () => import('./slim/schema.js'),
  },
  {
    name: 'convert',
    summary: 'the same state, written in another ABI',
    load: () => import('./convert/index.js'),
    schema: () => import('./convert/schema.js'),
  },
  {
    name: 'compare',
    summary: 'what this state costs in every tracker',
    load: () => import('./compare/index.js'),
    schema: () => import('./compare/schema.js'),
  },
  {
    name: 'rules',
    summary: 'the rules of validate, or one explained',
    load: () => import('./rules/index.js'),
    schema: () => import('./rules/schema.js'),
  },
  {
    name: 'abi',
    summary: 'versions, and who can read whom',
    load: () => import('./abi/index.js'),
    schema: () => import('./abi/schema.js'),
  },
  {
    name: 'simulate',
    summary: "a guest's memory as the kernel would have written it",
    load: () => import('./simulate/index.js'),
  },
  {
    name: 'replay',
    summary: 'boots a real kernel on a state, and says what it made of it',
    load: () => import('./replay/index.js'),
    schema: () => import('./replay/schema.js'),
  },
  {
    name: 'capture',
    summary: 'boots a guest, preserves, kexecs, dumps, checks',
    load: () => import('./capture/index.js'),
    schema: () => import('./capture/schema.js'),
  },
  {
    name: 'report',
    summary: 'one self-contained page: map, owners, findings, diff',
    load: () => import('./report/index.js'),
  },
  {
    name: 'damage',
    summary: 'breaks an image on purpose, in the way a rule describes',
    load: () => import('./damage/index.js'),
    schema: () => import('./damage/schema.js'),
  },
  { name: 'schema', summary: 'the JSON Schemas of the outputs', load: () => import('./schema/index.js') },
  { name: 'completion', summary: 'shell completion', load: () => import('./completion/index.js') },
]
