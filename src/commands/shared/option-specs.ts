import { type Command, Option } from 'commander'
import { isKhoError, KhoError } from '../../../formats/error.js'

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
    spec.repeat === true ? `${spec.about} (repeatable)` : spec.about,
  )
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

function parseValue(spec: OptionSpec, long: string, text: string): unknown {
  if (spec.choices !== undefined && spec.parse === undefined) {
    if (spec.choices.includes(text)) return text
    throw new KhoError('usage', `${long}: '${text}' is none of ${spec.choices.join(', ')}`)
  }
  try {
    return spec.parse === undefined ? text : spec.parse(text)
  } catch (error) {
    if (!isKhoError(error)) throw error
    throw new KhoError(error.code, `${long}: ${error.message}`, error.place)
  }
}
