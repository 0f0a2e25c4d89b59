import { type Command, Option } from 'commander'
import { isKhoError, KhoError } from '../../../formats/error.js'
import { anyCase, didYouMean } from '../../../formats/layout/nearest.js'

/** One option, as data, so that a group can be added again under a prefix (`--b-root`). */
export interface OptionSpec {
  /** Long name without the dashes. */
  name: string
  short?: string
  /** Name of the value in the help; a switch has none. */
  value?: string
  about: string
  choices?: readonly string[]
  /** Throws a `usage` error that shows the text and an example. */
  parse?: (text: string) => unknown
  /** May be given more than once; the values come as a list. */
  repeat?: boolean
  fallback?: string
  /** Values worth offering, where others are possible too. */
  known?: readonly string[]
  /** What the help puts it under; the command's own options have no group. */
  group?: OptionGroup
}

/** Groups of options that many commands have, as the help calls them. */
export const OPTION_GROUPS = {
  output: 'Output:',
  reader: 'The reading kernel:',
  state: 'Which state:',
  open: 'How to open the file:',
  assumptions: 'What the dump does not say:',
} as const

export type OptionGroup = keyof typeof OPTION_GROUPS

const knownValues = new WeakMap<Option, readonly string[]>()

/** Values of an option that are worth offering: all that there are, or those that come to mind. */
export function valuesOf(option: Option): readonly string[] {
  return option.argChoices ?? knownValues.get(option) ?? []
}

/** Adds options to a command; with a prefix, `root` becomes `--b-root`. */
export function addOptions(command: Command, specs: readonly OptionSpec[], prefix = ''): void {
  for (const spec of specs) command.addOption(makeOption(spec, prefix))
}

function makeOption(spec: OptionSpec, prefix: string): Option {
  const long = `--${prefix}${spec.name}`
  const short = spec.short !== undefined && prefix === '' ? `-${spec.short}, ` : ''
  const option = new Option(
    `${short}${long}${spec.value === undefined ? '' : ` <${spec.value}>`}`,
    [
      spec.about,
      spec.known === undefined ? '' : ` (such as ${spec.known.join(', ')})`,
      spec.repeat === true ? ' (repeatable)' : '',
    ].join(''),
  )
  if (spec.known !== undefined) knownValues.set(option, spec.known)
  if (spec.group !== undefined) {
    const heading = OPTION_GROUPS[spec.group]
    option.helpGroup(
      prefix === '' ? heading : `The second image, ${heading[0]!.toLowerCase()}${heading.slice(1)}`,
    )
  }
  if (spec.choices !== undefined) option.choices(spec.choices)
  if (spec.fallback !== undefined) option.default(spec.fallback)
  if (spec.parse !== undefined || spec.repeat === true || spec.choices !== undefined) {
    option.argParser((text: string, previous: unknown) => {
      const value = parseValue(spec, long, text)
      if (spec.repeat !== true) return value
      return Array.isArray(previous) ? [...previous, value] : [value]
    })
  }
  return option
}

/** The error of a value that is none of a list. */
export function noneOf(text: string, choices: readonly string[], before = ''): KhoError {
  const hint = didYouMean(text, choices)
  const message = `${before}'${text}' is none of ${choices.join(', ')}`
  return new KhoError('usage', message, hint === undefined ? {} : { hint })
}

function parseValue(spec: OptionSpec, long: string, text: string): unknown {
  if (spec.choices !== undefined && spec.parse === undefined) {
    const choice = anyCase(text, spec.choices)
    if (choice !== null) return choice
    throw noneOf(text, spec.choices, `${long}: `)
  }
  try {
    return spec.parse === undefined ? text : spec.parse(text)
  } catch (error) {
    if (!isKhoError(error)) throw error
    throw new KhoError(error.code, `${long}: ${error.message}`, error.place)
  }
}
