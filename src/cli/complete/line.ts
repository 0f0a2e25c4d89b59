import type { Command, Option } from 'commander'

/** Where the cursor is in a command line. */
export type Spot =
  | { kind: 'option' }
  /** `prefix` stands before the value in the same word: `--color=`. */
  | { kind: 'value'; option: Option; prefix: string; current: string }
  | { kind: 'argument'; index: number; before: readonly string[] }

/** Looks at the words of a command before the cursor, and at the one that it is in. */
export function spotOf(command: Command, words: readonly string[], current: string): Spot {
  const { operands, waiting, ended } = walk(command, words)
  if (waiting !== null) return { kind: 'value', option: waiting, prefix: '', current }
  if (!ended && current.startsWith('-') && current !== '-') {
    const at = current.indexOf('=')
    const option = at < 0 ? null : optionOf(command, current.slice(0, at))
    if (option === null) return { kind: 'option' }
    return { kind: 'value', option, prefix: current.slice(0, at + 1), current: current.slice(at + 1) }
  }
  return { kind: 'argument', index: operands.length, before: operands }
}

interface Walk {
  operands: string[]
  /** The option whose value comes next. */
  waiting: Option | null
  /** True after `--`: nothing is an option any more. */
  ended: boolean
}

function walk(command: Command, words: readonly string[]): Walk {
  const found: Walk = { operands: [], waiting: null, ended: false }
  for (const word of words) {
    if (found.waiting !== null && !(found.waiting.variadic && word.startsWith('-'))) {
      if (!found.waiting.variadic) found.waiting = null
    } else if (found.ended || !word.startsWith('-') || word === '-') {
      found.operands.push(word)
    } else {
      found.ended = word === '--'
      const option = word.includes('=') ? null : optionOf(command, word)
      found.waiting = option !== null && (option.required || option.optional) ? option : null
    }
  }
  return found
}

function optionOf(command: Command, name: string): Option | null {
  return command.options.find(option => option.long === name || option.short === name) ?? null
}

/** How the help calls an option's value, or an argument: `PATH`, `RULE[:SEED]`. */
export function valueName(option: Option): string {
  return /[<[]([^>]*?)(?:\.\.\.)?[>\]]$/.exec(option.flags)?.[1] ?? ''
}

/**
 * A word as its shell will take it: without quotes and backslashes, and `~/` as the home folder. Nothing is carried out: what
 * only a shell can tell (`$x`, `$(…)`) stays.
 */
export function unquote(word: string, home: string | undefined): string {
  let text = ''
  let quote = ''
  for (let at = 0; at < word.length; at++) {
    const character = word[at]!
    const next = word[at + 1]
    if (character === quote) quote = ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (
      character === '\\' &&
      next !== undefined &&
      quote !== "'" &&
      (quote === '' || /["\\$`]/.test(next))
    ) {
      text += next
      at++
    } else text += character
  }
  return home !== undefined && word.startsWith('~/') ? home + text.slice(1) : text
}
