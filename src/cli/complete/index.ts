import type { Command } from 'commander'
import { valuesOf } from '../../commands/shared/option-specs.js'
import type { ImageOptions } from '../../commands/shared/options.js'
import type { Terminal } from '../../commands/shared/terminal.js'
import { COMMANDS } from '../../commands/table.js'
import { escapeText } from '../../render/escape.js'
import { buildProgram } from '../program.js'
import { spellOut } from '../spell-out.js'
import { spotOf, unquote, valueName } from './line.js'
import { type Offer, offerFor } from './values.js'

const NO_OPTIONS: ImageOptions = { absent: 'unknown' }

const NOTHING: Offer = { values: [], files: false }

/**
 * `kho __complete WORD…`, for completion scripts: says what the last word of a command line may become: a value a line, after a tab what it is; `:files` on a line of its own where it may be
 * a file. Whatever goes wrong, there is nothing to offer: nobody who presses a key wants a message.
 */
export async function complete(words: readonly string[], terminal: Terminal): Promise<number> {
  const silent: Terminal = { ...terminal, out() {}, err() {}, outIsTerminal: false, errIsTerminal: false }
  const plain = words.map(word => unquote(word, terminal.env.HOME))
  const current = plain.at(-1) ?? ''
  const { values, files } = await offerAt(plain.slice(0, -1), current, silent).catch(() => NOTHING)
  const lines = values
    .filter(({ value }) => value.startsWith(current))
    .map(({ value, about = '' }) => `${escapeText(value)}\t${escapeText(about)}\n`)
  terminal.out(new TextEncoder().encode((files ? ':files\n' : '') + lines.join('')))
  return 0
}

async function offerAt(written: readonly string[], current: string, terminal: Terminal): Promise<Offer> {
  const before = spellOut(written)
  const at = before.findIndex(word => !word.startsWith('-'))
  const name = before[at]
  if (name === undefined) {
    return current.startsWith('-') ? optionOffer(await buildProgram(terminal, [])) : commandOffer(true)
  }
  if (name === 'help') return commandOffer(false)
  const program = await buildProgram(terminal, [name])
  const command = program.commands.find(known => known.name() === name)
  return command === undefined ? NOTHING : offerIn(command, before.slice(at + 1), current)
}

function commandOffer(first: boolean): Offer {
  const values = COMMANDS.map(({ name, summary }) => ({ value: name, about: summary }))
  if (first) values.push({ value: 'help', about: 'print the help of a command' })
  return { values, files: first }
}

function optionOffer(command: Command): Offer {
  const values = command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', about: description }))
  return { values, files: false }
}

async function offerIn(command: Command, words: readonly string[], current: string): Promise<Offer> {
  const spot = spotOf(command, words, current)
  if (spot.kind === 'option') return optionOffer(command)
  const options = imageOptions(command, words)
  if (spot.kind === 'value') {
    const { option, prefix } = spot
    const known = valuesOf(option)
    const offer =
      known.length > 0
        ? { values: known.map(value => ({ value })), files: false }
        : await offerFor(valueName(option), {
            current: spot.current,
            before: argumentsIn(command, words),
            options,
          })
    return { ...offer, values: offer.values.map(entry => ({ ...entry, value: prefix + entry.value })) }
  }
  const known = command.registeredArguments
  const last = known.at(-1)
  const argument = known[spot.index] ?? (last?.variadic === true ? last : undefined)
  if (argument === undefined) return NOTHING
  if (argument.argChoices !== undefined) {
    return { values: argument.argChoices.map(value => ({ value })), files: false }
  }
  return offerFor(argument.name(), { current, before: spot.before, options })
}

function argumentsIn(command: Command, words: readonly string[]): readonly string[] {
  const spot = spotOf(command, [...words.slice(0, -1)], '')
  return spot.kind === 'argument' ? spot.before : []
}

/** Options that say how the image is to be opened; none where one of them is wrong. */
function imageOptions(command: Command, words: readonly string[]): ImageOptions {
  try {
    command.parseOptions([...words])
    return { ...NO_OPTIONS, ...command.opts() }
  } catch {
    return NO_OPTIONS
  }
}
