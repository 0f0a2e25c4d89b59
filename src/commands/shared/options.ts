import type { Command } from 'commander'
import { FORMAT_NAMES } from '../../../formats/dumps/containers.js'
import { KhoError } from '../../../formats/error.js'
import { ABIS, type AbiName, findAbi, READING_KERNELS } from '../../../formats/kernels/index.js'
import type { PageShift } from '../../../formats/memory/geometry.js'
import type { Place, Range } from '../../../formats/memory/range.js'
import { LAYOUT } from './layouts.js'
import { type MapPiece, parseAddress, parseMap, parseRange, parseScratch, parseSize } from './numbers.js'
import { addOptions, noneOf, type OptionGroup, type OptionSpec } from './option-specs.js'

/** How a command answers. */
export interface OutputOptions {
  json?: boolean
  ndjson?: boolean
  color: 'auto' | 'always' | 'never'
  quiet?: boolean
  /** A file instead of standard output. */
  output?: string
}

/** Which image, read how, and which state in it. Shared by every command that takes an IMAGE. */
export interface ImageOptions {
  root?: number | 'incoming' | 'outgoing'
  abi?: AbiName
  pageSize?: PageShift
  format?: string
  part?: string[]
  base?: number
  map?: MapPiece[]
  lowMemory?: number
  ram?: Range[]
  scratch?: Place
  absent: 'unknown' | 'zero'
  layout?: string[]
}

const PAGE_SIZES: Readonly<Record<string, PageShift>> = { '4K': 12, '16K': 14, '64K': 16 }

const inGroup = (group: OptionGroup, specs: readonly OptionSpec[]): OptionSpec[] =>
  specs.map(spec => ({ ...spec, group }))

/** How commands that write an image write it. */
export const CONTAINER: OptionSpec = {
  name: 'container',
  value: 'FORMAT',
  about: 'an ELF core, or raw memory with holes',
  choices: ['raw', 'elf'],
  fallback: 'elf',
}

/** `--color`, for commands that have their own `--output` and `--json`. */
export const COLOR: OptionSpec = {
  name: 'color',
  value: 'WHEN',
  about: 'colours; auto obeys NO_COLOR and FORCE_COLOR',
  choices: ['auto', 'always', 'never'],
  fallback: 'auto',
  group: 'output',
}

const OUTPUT: readonly OptionSpec[] = inGroup('output', [
  { name: 'json', about: 'one JSON document (kho schema <command> prints its schema)' },
  COLOR,
  { name: 'quiet', short: 'q', about: 'no hints and no progress on standard error' },
  { name: 'output', short: 'o', value: 'FILE', about: 'write the answer to FILE' },
])

const NDJSON: OptionSpec = { name: 'ndjson', about: 'one JSON object a line', group: 'output' }

const STATE: readonly OptionSpec[] = inGroup('state', [
  {
    name: 'root',
    value: 'WHICH',
    about: 'the state to look at, by its direction or by the address of its root FDT',
    known: ['incoming', 'outgoing', '0x60d000'],
    parse: parseRoot,
  },
  {
    name: 'abi',
    value: 'ABI',
    about: 'the ABI, where the image does not tell or is not to be believed',
    choices: ABIS.map(abi => abi.name),
    parse: parseAbi,
  },
  {
    name: 'page-size',
    value: 'SIZE',
    about: "the kernel's page size",
    choices: Object.keys(PAGE_SIZES),
    parse: parsePageSize,
  },
])

const OPEN: readonly OptionSpec[] = inGroup('open', [
  {
    name: 'format',
    value: 'FORMAT',
    about: "the container, when the file's own magic is not to be believed",
    choices: FORMAT_NAMES,
  },
  { name: 'part', value: 'FILE', about: 'a further file of a split dump', repeat: true },
  {
    name: 'base',
    value: 'PHYS',
    about: 'raw files: physical address of the first byte',
    parse: parseAddress,
  },
  {
    name: 'map',
    value: 'PHYS=OFFSET+LENGTH',
    about: 'raw files: where a piece of the file lies in memory',
    parse: parseMap,
    repeat: true,
  },
  {
    name: 'low-memory',
    value: 'SIZE',
    about: 'raw files of QEMU: what follows the first SIZE bytes continues at 4G',
    parse: parseSize,
  },
])

const ASSUMPTIONS: readonly OptionSpec[] = inGroup('assumptions', [
  {
    name: 'ram',
    value: 'START-END',
    about: 'RAM that the dump does not mention, END exclusive',
    parse: parseRange,
    repeat: true,
  },
  {
    name: 'scratch',
    value: 'ADDR+LENGTH',
    about: 'the scratch array, when nothing points at it',
    parse: parseScratch,
  },
  {
    name: 'absent',
    value: 'HOW',
    about: 'how a predicted outcome treats memory that the dump lacks',
    choices: ['unknown', 'zero'],
    fallback: 'unknown',
  },
])

const READER: readonly OptionSpec[] = inGroup('reader', [
  {
    name: 'reader',
    value: 'RELEASE',
    about: 'the kernel that reads the state',
    known: READING_KERNELS.map(kernel => kernel.name),
  },
  { name: 'reader-cmdline', value: 'STRING', about: "the reading kernel's command line" },
])

/** `--json`, `--color`, `--quiet`, `-o`; `--ndjson` where the answer is a list. */
export function addOutputOptions(command: Command, answer: 'document' | 'list'): void {
  addOptions(command, answer === 'list' ? [...OUTPUT.slice(0, 1), NDJSON, ...OUTPUT.slice(1)] : OUTPUT)
}

/** Everything that every command with an IMAGE takes. `b-` makes the set for a second image. */
export function addImageOptions(command: Command, prefix = ''): void {
  addOptions(command, [...STATE, ...OPEN, ...ASSUMPTIONS, LAYOUT], prefix)
}

/** `--reader`, `--reader-cmdline`: for commands that say what a kernel would do. */
export function addReaderOptions(command: Command): void {
  addOptions(command, READER)
}

/** Refuses two ways of writing the answer at once. */
export function checkOutputOptions(options: OutputOptions): void {
  if (options.json === true && options.ndjson === true) {
    throw new KhoError('usage', '--json and --ndjson exclude each other')
  }
}

function parseRoot(text: string): number | 'incoming' | 'outgoing' {
  if (text === 'incoming' || text === 'outgoing') return text
  if (/^[0-9]/.test(text)) return parseAddress(text)
  throw new KhoError('usage', `'${text}' is neither incoming, outgoing nor an address such as 0x60d000`)
}

function parseAbi(text: string): AbiName {
  const abi = findAbi(text) ?? findAbi(text.toLowerCase())
  if (abi !== null) return abi.name
  throw noneOf(
    text,
    ABIS.map(known => known.name),
  )
}

function parsePageSize(text: string): PageShift {
  const shift = PAGE_SIZES[text.toUpperCase()]
  if (shift === undefined) throw new KhoError('usage', `'${text}' is no page size; write 4K, 16K or 64K`)
  return shift
}
