import { ABIS, WRITING_KERNELS } from '../../formats/kernels/index.js'
import { COMMANDS } from '../../src/commands/table.js'
import { DAMAGES } from '../../src/damage/index.js'
import type { Base } from './bases.js'
import { pick } from './mutate.js'

type Random = () => number

/** What a command line is made from. */
export interface LineContext {
  base: Base
  /** The broken file. */
  image: string
  /** The same before it was broken. */
  good: string
  /** A scenario, broken or not. */
  scenario: string
  /** Names that are free for outputs. */
  output: string
  /** Options that the image needs to be opened. */
  options: readonly string[]
  random: Random
}

/** Parts of a state; what is not there must be said so. */
const PATHS = [
  'fdt',
  'fdt/compatible',
  'tracker',
  'tracker/nodes',
  'tracker/nodes/#0',
  'tracker/nodes/#3',
  'scratch',
  'scratch/#0',
  'handoff',
  'kexec-metadata',
  'memblock',
  'memblock/trace',
  'memblock/khotrace',
  'luo',
  'luo/sessions',
  'luo/sessions/vm-a',
  'luo/sessions/#0',
  'luo/sessions/vm-a/files/1',
  'luo/sessions/vm-a/files/#0',
  'luo/sessions/vm-a/files/1/memfd',
  'luo/sessions/vm-b/files/7/folios',
  'luo/sessions/vm-b/files/#1/folios/#0',
  'luo/flbs/#0',
  'luo/flbs/#0/struct',
  'luo/flbs/#0/struct/devices/#1',
  'luo/sessions/vm/files/#0/struct',
  'luo/sessions/#0/files/#0/struct/fields',
  'luo/sessions/*/files/*/struct',
  'luo/flbs/*/struct/**',
  'blobs/*/struct',
  'kho_test',
  'blobs/drv-a',
  'blobs/drv-b',
  'blobs/area',
  'blobs/LUO',
  'blobs/#0',
  'luo/**',
  '**',
  'no/such%2fpart',
]

const address = ({ base, random }: LineContext): string => {
  const near = pick(base.words, random)
  const value = random() < 0.8 ? near - (near % pick([1, 8, 4096], random)) : Math.floor(random() * 2 ** 40)
  return `0x${value.toString(16)}`
}
const target = (c: LineContext) =>
  c.random() < 0.7 ? pick(PATHS, c.random) : `${address(c)}+${pick(['1', '64', '4096', '3M'], c.random)}`
const maybe = (random: Random, chance: number, ...words: string[]) => (random() < chance ? words : [])
const json = ({ random }: LineContext) => maybe(random, 0.5, '--json')
const abi = ({ random }: LineContext) => pick(ABIS, random).name
const release = ({ random }: LineContext) => pick(WRITING_KERNELS, random).name
const image = (c: LineContext) => [c.image, ...c.options]

/** What follows each command's name. */
const LINES: Readonly<Record<string, (c: LineContext) => string[]>> = {
  dump: c => [
    ...image(c),
    ...maybe(c.random, 0.4, pick(PATHS, c.random)),
    ...json(c),
    ...maybe(c.random, 0.3, '--all'),
    ...maybe(c.random, 0.2, '--depth', pick(['0', '1', '3'], c.random)),
    ...maybe(c.random, 0.1, '--dts'),
  ],
  pages: c => [
    ...image(c),
    ...maybe(c.random, 0.5, '--ranges'),
    ...maybe(c.random, 0.5, '--owner'),
    ...pick([[], ['--json'], ['--ndjson']], c.random),
  ],
  whois: c => [...image(c), address(c), address(c), ...json(c)],
  hex: c => [...image(c), target(c), ...json(c)],
  diff: c => [
    c.image,
    ...maybe(c.random, 0.7, c.good),
    ...(c.options.length > 0 ? [] : json(c)),
    ...maybe(c.random, 0.4, '--structure'),
  ],
  validate: c => [
    ...image(c),
    ...pick([[], ['--json'], ['--as', 'sarif'], ['--as', 'junit'], ['--as', 'ktap']], c.random),
    ...maybe(c.random, 0.3, '--all'),
    ...maybe(c.random, 0.4, '--absent', 'zero'),
    ...maybe(c.random, 0.3, '--reader', release(c)),
  ],
  extract: c => [
    ...image(c),
    target(c),
    '-o',
    pick([c.output, '-', `${c.output}.d/`], c.random),
    ...maybe(c.random, 0.5, '--partial'),
  ],
  slim: c => [
    ...image(c),
    '-o',
    c.output,
    ...json(c),
    ...maybe(c.random, 0.3, '--contents'),
    ...maybe(c.random, 0.3, '--redact', '--hash'),
  ],
  convert: c => [
    ...image(c),
    '--to',
    abi(c),
    '-o',
    c.output,
    ...json(c),
    ...maybe(c.random, 0.3, '--blobs', release(c)),
  ],
  compare: c => [c.random() < 0.9 ? c.image : c.scenario, ...c.options, ...json(c)],
  rules: c => [...maybe(c.random, 0.5, 'RADIX-CYCLE'), ...json(c)],
  abi: c => [...maybe(c.random, 0.5, release(c), release(c)), ...json(c)],
  schema: c => [...maybe(c.random, 0.9, pick(COMMANDS, c.random).name)],
  completion: c => [pick(['bash', 'zsh', 'fish'], c.random)],
  simulate: c => [c.scenario, '-o', c.output],
  replay: c => [c.image, ...c.options, '--kernel', '/nowhere/bzImage'],
  capture: c => [c.scenario, '--kernel', '/nowhere/bzImage', '-o', c.output],
  stat: c => [
    ...image(c),
    ...json(c),
    ...maybe(c.random, 0.3, '--top', pick(['0', '1', '5'], c.random)),
    ...maybe(c.random, 0.3, '--sort', pick(['given', 'name', 'size', 'pages', 'files'], c.random)),
    ...maybe(c.random, 0.3, '--reader', release(c)),
  ],
  boot: c => [
    ...image(c),
    ...json(c),
    ...pick(
      [[], ['--reservations'], ['--skipped'], ['--restore', address(c)], ['--look-up', address(c)]],
      c.random,
    ),
  ],
  map: c => [...image(c), ...json(c)],
  damage: c => [
    ...image(c),
    ...(c.random() < 0.3
      ? ['--list']
      : [
          '--damage',
          `${pick(Object.keys(DAMAGES), c.random)}:${Math.floor(c.random() * 9)}`,
          '-o',
          c.output,
        ]),
    ...json(c),
  ],
  report: c => [
    ...image(c),
    ...(c.options.length > 0 ? [] : maybe(c.random, 0.3, c.good)),
    '-o',
    `${c.output}.html`,
    ...maybe(c.random, 0.3, '--redact'),
  ],
}

/** Commands that say little about the file that they are given are run seldom. */
const SELDOM = ['rules', 'abi', 'schema', 'completion', 'replay', 'capture', 'report', 'compare']

/** Options about the state, which any image may be given. */
const STATE_OPTIONS: readonly ((c: LineContext) => string[])[] = [
  c => ['--root', pick(['incoming', 'outgoing', address(c)], c.random)],
  c => ['--abi', abi(c)],
  c => ['--page-size', pick(['4K', '16K', '64K'], c.random)],
  c => ['--scratch', `${address(c)}+${pick(['16', '48', '4096'], c.random)}`],
  c => ['--ram', pick(['0-64M', '0-1G', '4K-4T'], c.random)],
  c => ['--format', pick(['raw', 'elf', 'kdump', 'lime', 'debugfs'], c.random)],
]
const TAKES_STATE = [
  'dump',
  'pages',
  'whois',
  'hex',
  'diff',
  'validate',
  'extract',
  'slim',
  'convert',
  'stat',
  'boot',
  'map',
  'damage',
]

/** Every command that there is, by its entry in the program: one without a line here is run on the image alone. */
export const COMMAND_NAMES = COMMANDS.map(({ name }) => name)

/** A command line for a broken file. */
export function makeLine(c: LineContext): string[] {
  let name = pick(COMMAND_NAMES, c.random)
  if (SELDOM.includes(name) && c.random() < 0.9) name = pick(['dump', 'validate', 'hex', 'extract'], c.random)
  const rest = LINES[name]?.(c) ?? image(c)
  const state = TAKES_STATE.includes(name) && c.random() < 0.2 ? pick(STATE_OPTIONS, c.random)(c) : []
  return [name, ...rest, ...state]
}
