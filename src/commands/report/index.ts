import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import { knownRam } from '../../kernel/reader/choose.js'
import { packageFile } from '../../node/package-file.js'
import {
  type CarriedImage,
  carryImage,
  EXPLORER_PAGE,
  readForPage,
  writeReport,
} from '../../report/report.js'
import { planSlim } from '../../slim/slim.js'
import { openForCommand, stateOptionsOf } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import { addImageOptions, type ImageOptions } from '../shared/options.js'
import { writeOutput } from '../shared/output.js'
import { startSearch } from '../shared/progress.js'
import { readDocument } from '../shared/read-all.js'
import { secondGiven, secondOptions } from '../shared/second-image.js'
import { checkKeep, type KeepOptions, keepSettings } from '../shared/slim-options.js'
import type { Terminal } from '../shared/terminal.js'

interface ReportOptions extends ImageOptions, KeepOptions {
  output?: string
  quiet?: boolean
}

const HELP = `
The page needs no network and no server: it opens from a mail, and nothing leaves the machine it is opened on. It carries
what \`kho slim\` keeps, and shows it as map, tree, findings, hex, plots and, of two images, what changed.

Without IMAGE the page is empty: drop a dump on it, of any size, and it is read where it lies.

Examples:
  kho report vmcore -o report.html
  kho report before.elf after.elf -o diff.html
  kho report vmcore -o public.html --redact --hash
  kho report -o explorer.html`

/** `kho report [IMAGE] [IMAGE2] -o FILE.html`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Write one self-contained page: the map of memory, owners, findings, hex, and what changed.')
    .argument('[IMAGE]', 'a memory dump; without one the page opens any that is dropped on it')
    .argument('[IMAGE2]', 'another one, to compare with')
    .addHelpText('after', HELP)
    .action((a: string | undefined, b: string | undefined, options: ReportOptions) =>
      report(a, b, options, terminal, command),
    )
  addOptions(command, [
    { name: 'output', short: 'o', value: 'FILE', about: 'the page to write; - is standard output' },
    { name: 'contents', about: 'carry all memory that is preserved' },
    { name: 'path', value: 'PATH', about: 'carry the contents behind PATH, too', repeat: true },
    { name: 'redact', about: 'zero what is no structure, to post the page in public' },
    { name: 'hash', about: 'with --redact: session names and kernel releases as hashes' },
    { name: 'quiet', short: 'q', about: 'no hints and no progress on standard error' },
  ])
  addImageOptions(command)
  addImageOptions(command, 'b-')
}

async function report(
  a: string | undefined,
  b: string | undefined,
  options: ReportOptions,
  terminal: Terminal,
  command: Command,
): Promise<void> {
  if (options.output === undefined)
    throw new KhoError('usage', 'no file to write to', { hint: 'give -o FILE.html' })
  checkKeep(options)
  if (b === undefined && Object.keys(secondGiven(command)).length > 0) {
    throw new KhoError('usage', '--b- options are about a second image; there is none', {
      hint: 'name it; the same file again shows another of its states',
    })
  }
  const page = readFileSync(packageFile(EXPLORER_PAGE), 'utf8')
  const images: CarriedImage[] = []
  if (a !== undefined) images.push(await carry(a, 'A', options, terminal))
  if (b !== undefined) images.push(await carry(b, 'B', secondOptions(options, command), terminal))
  writeOutput(terminal, { color: 'never', output: options.output }, [], write =>
    writeReport(write, page, images),
  )
}

async function carry(
  path: string,
  side: string,
  options: ReportOptions,
  terminal: Terminal,
): Promise<CarriedImage> {
  const image = await openForCommand(path, options, terminal)
  const zero = options.absent === 'zero' ? { assumeZero: { ram: knownRam(image, options.ram) } } : {}
  const settings = { ...(await stateOptionsOf(options, terminal)), ...zero }
  const bar = await startSearch(terminal, options, `reading ${path}`)
  try {
    const plan = planSlim(image, {
      ...settings,
      progress: bar.update,
      ...keepSettings(options),
      visit(state) {
        readDocument(state)
        readForPage(state)
      },
    })
    return carryImage(plan, options.redact === true ? `image ${side}` : nameOf(path), settings)
  } finally {
    bar.stop()
  }
}

function nameOf(path: string): string {
  return path === '-' ? 'standard input' : basename(path)
}
