import type { Command } from 'commander'
import { KhoError } from '../../../formats/error.js'
import {
  type DamageChoice,
  type DamagedMemory,
  type DamageOffer,
  damageState,
  damagesOf,
} from '../../damage/index.js'
import type { KhoState } from '../../image/state.js'
import { escapeText } from '../../render/escape.js'
import { type JsonOf, writeJson } from '../../render/json.js'
import type { Palette } from '../../render/view-text.js'
import type { Writer } from '../../render/writer.js'
import { writeOverlayElf, writeOverlayRaw } from '../../write/image-writer.js'
import { openContentFile } from '../shared/content-file.js'
import { DAMAGE } from '../shared/damage-option.js'
import { openState } from '../shared/open-state.js'
import { addOptions } from '../shared/option-specs.js'
import {
  addImageOptions,
  COLOR,
  CONTAINER,
  type ImageOptions,
  type OutputOptions,
} from '../shared/options.js'
import { wantsColor, writeOutput } from '../shared/output.js'
import { paletteOf } from '../shared/palette.js'
import type { Terminal } from '../shared/terminal.js'
import type { schema } from './schema.js'

interface DamageCommand extends ImageOptions, Omit<OutputOptions, 'output'> {
  damage?: DamageChoice[]
  list?: boolean
  output?: string
  container: 'elf' | 'raw'
}

const HELP = `
The image itself is only read. What is written is the same memory with a few bytes changed, so that
the rule of that name finds something; the same SEED breaks the same place. --list says which rules
can be shown on this image, and why the others cannot.

Examples:
  kho damage vmcore --list
  kho damage vmcore --damage RADIX-CYCLE -o broken.elf
  kho damage vmcore --damage memfd-size:7 -o broken.elf && kho validate broken.elf`

/** `kho damage IMAGE --damage RULE[:SEED] -o FILE`. */
export function configure(command: Command, terminal: Terminal): void {
  command
    .description('Break an existing image on purpose, in the way a rule describes.')
    .argument('<IMAGE>', 'a memory dump')
    .addHelpText('after', HELP)
    .action((image: string, options: DamageCommand) => run(image, options, terminal))
  addOptions(command, [
    DAMAGE,
    { name: 'list', about: 'say which rules can be shown on this image' },
    { name: 'output', short: 'o', value: 'FILE', about: 'the image to write; - is standard output' },
    CONTAINER,
    { name: 'json', about: 'what was done, or can be, as JSON (kho schema damage prints its schema)' },
    COLOR,
    { name: 'quiet', short: 'q', about: 'say nothing' },
  ])
  addImageOptions(command)
}

async function run(path: string, options: DamageCommand, terminal: Terminal): Promise<void> {
  const { damage = [], list, output, json } = options
  if (list !== true && damage.length === 0) {
    throw new KhoError('usage', 'nothing to break: give --damage RULE', {
      hint: '--list says which there are',
    })
  }
  if (list !== true && output === undefined) {
    throw new KhoError('usage', 'no file to write to', { hint: 'give -o FILE, or -o - for standard output' })
  }
  if (list !== true && output === '-' && json === true) {
    throw new KhoError('usage', '--json and -o - both write to standard output')
  }
  const state = await openState(path, options, terminal)
  const inputs = [path, ...(options.part ?? [])]
  if (list === true) {
    const offers = damagesOf(state)
    writeOutput(terminal, options, inputs, write => {
      if (json === true)
        writeJson(write, { schema: 'kho/damage/1', rules: offers.map(offer => ({ ...offer })) })
      else writeOffers(write, offers, paletteOf(wantsColor(options, terminal)))
    })
    return
  }
  const memory = damageState(state, damage)
  const size = writeImage(state, memory, output as string, options, inputs, terminal)
  if (output === '-' || (options.quiet === true && json !== true)) return
  writeOutput(terminal, { color: options.color }, [], write => {
    if (json === true) writeJson(write, documentOf(damage, memory.done, output as string, size))
    else
      for (const { rule, what } of pairs(damage, memory.done)) write(`damage ${rule}: ${escapeText(what)}\n`)
  })
}

function writeImage(
  state: KhoState,
  memory: DamagedMemory,
  output: string,
  { container }: DamageCommand,
  inputs: readonly string[],
  terminal: Terminal,
): number {
  const file = openContentFile(output, inputs, terminal, { pack: true })
  try {
    const size =
      container === 'raw'
        ? writeOverlayRaw(memory, file.write).size
        : writeOverlayElf(state.image, memory, file.write)
    file.finish(size)
    return size
  } finally {
    file.close()
  }
}

function pairs(damage: readonly DamageChoice[], done: readonly string[]) {
  return damage.map(({ rule, seed }, n) => ({ rule, seed, what: done[n] as string }))
}

function documentOf(
  damage: readonly DamageChoice[],
  done: readonly string[],
  file: string,
  size: number,
): JsonOf<typeof schema> {
  return { schema: 'kho/damage/1', done: pairs(damage, done), file, size }
}

function writeOffers(write: Writer, offers: readonly DamageOffer[], palette: Palette): void {
  const width = offers.reduce((most, { rule }) => Math.max(most, rule.length), 0)
  const able = offers.filter(({ reason }) => reason === null)
  for (const { rule, about } of able) write(`${palette.strong(rule.padEnd(width))}  ${about}\n`)
  write(`\n${palette.label('not on this image')}\n`)
  for (const { rule, reason } of offers) {
    if (reason !== null) write(`${rule.padEnd(width)}  ${palette.faint(escapeText(reason))}\n`)
  }
}
