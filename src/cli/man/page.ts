import type { EventEmitter } from 'node:events'
import type { Argument, Command, Option } from 'commander'
import { asciiText } from '../../render/ascii.js'

/** What a man page says besides what the command knows of itself. */
export interface PageContext {
  version: string
  /** Names of the other pages, without `kho-`. */
  others: readonly string[]
}

/** Exit codes, environment: the same for all commands (docs/cli.md). */
const EXIT_STATUS: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'found something: findings, a difference, what is not preserved'],
  ['2', 'wrong usage'],
  ['3', 'the file cannot be read, or is no dump that kho knows'],
  ['4', 'no KHO state in it, or not the root or the part that was asked for'],
  ['5', 'the state is too broken, stale or incomplete for what was asked'],
  ['6', 'something outside is missing: a program to run, a place to write'],
  ['70', 'a bug in kho'],
]

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  [
    'KHO_PAGER, PAGER',
    'the pager for answers on a terminal; less where neither is set, none where it is empty',
  ],
  ['NO_COLOR, FORCE_COLOR', 'no colours, or colours also where standard output is no terminal'],
  ['LC_ALL, LC_CTYPE, LANG', 'text is in ASCII where the locale is one without UTF-8'],
  ['TMPDIR', 'where contents go that do not fit in memory'],
  [
    'XDG_CACHE_HOME, NODE_DISABLE_COMPILE_CACHE',
    'kho-tools in there, or in ~/.cache, has compiled code between runs; none is kept where the other is set',
  ],
  ['KHO_DEBUG', 'a stack trace with every internal error'],
]

/** The man page of a command, or of the program, in the man macros of roff (man(7)). */
export function manPage(command: Command, { version, others }: PageContext): string {
  const name = pageName(command)
  const lines = [
    `.TH ${quoted(name.toUpperCase())} 1 "" ${quoted(`kho-tools ${version}`)} "User Commands"`,
    '.nh',
    '.ad l',
    ...section('Name', [`${text(name)} \\- ${text(lowerFirst(command.summary() || command.description()))}`]),
    ...section('Synopsis', [`.B ${text(name.replace('-', ' '))}`, text(synopsis(command))]),
    ...section('Description', [text(command.description())]),
    ...commandSection(command),
    ...argumentSection(command.registeredArguments),
    ...optionSections(command),
    ...afterSections(afterHelp(command)),
    ...section(
      'Exit status',
      EXIT_STATUS.flatMap(([code, about]) => item(`.B ${code}`, about)),
    ),
    ...section(
      'Environment',
      ENVIRONMENT.flatMap(([names, about]) => item(`.B ${quoted(names)}`, about)),
    ),
    ...section('See also', [seeAlso(name, others)]),
  ]
  return `${lines.join('\n')}\n`
}

/** `kho`, `kho-dump`: the name of the page of a command. */
export function pageName(command: Command): string {
  return command.parent === null ? command.name() : `${command.parent.name()}-${command.name()}`
}

function synopsis(command: Command): string {
  return command.usage()
}

function commandSection(command: Command): string[] {
  if (command.commands.length === 0) return []
  const items = command.commands.flatMap(sub =>
    item(`.BR ${pageName(sub).replaceAll('-', '\\-')} (1)`, sub.summary()),
  )
  return section('Commands', items)
}

function argumentSection(known: readonly Argument[]): string[] {
  if (known.length === 0) return []
  return section(
    'Arguments',
    known.flatMap(argument => item(`.I ${quoted(argument.name())}`, argument.description)),
  )
}

/** Options under the headings that the help has. */
function optionSections(command: Command): string[] {
  const help = command.createHelp()
  const groups = new Map<string, Option[]>()
  for (const option of help.visibleOptions(command)) {
    const heading = (option.helpGroupHeading ?? 'Options:').replace(/:$/, '')
    groups.set(heading, [...(groups.get(heading) ?? []), option])
  }
  return [...groups].flatMap(([heading, options]) =>
    section(
      heading,
      options.flatMap(option => item(`.B ${quoted(option.flags)}`, help.optionDescription(option))),
    ),
  )
}

/** What commander prints behind the options. */
function afterHelp(command: Command): string {
  let after = ''
  const write = (piece: string) => {
    after += piece
  }
  // commander is an emitter of events, which its types leave out.
  const emitter = command as unknown as EventEmitter
  emitter.emit('afterHelp', { error: false, command, write })
  return after
}

/** Paragraphs of a help text; lines that are indented stay as they are, and a short line before such is a heading. */
function afterSections(after: string): string[] {
  const lines: string[] = section('Notes', [])
  const notes = lines.length
  let literal = false
  const turn = (to: boolean) => {
    if (literal !== to) lines.push(...(to ? ['.PP', '.nf'] : ['.fi']))
    literal = to
  }
  const source = after.trim().split('\n')
  source.forEach((line, n) => {
    const next = source[n + 1]
    if (line === '') {
      turn(false)
      lines.push('.PP')
    } else if (/^\S.*:$/.test(line) && next?.startsWith('  ') === true) {
      turn(false)
      lines.push(`.SS ${quoted(line.slice(0, -1))}`)
    } else {
      turn(line.startsWith(' '))
      lines.push(text(line))
    }
  })
  turn(false)
  return lines.length === notes || after.trim() === '' ? [] : tidy(lines)
}

/** A paragraph that begins before a heading, or at the end, is none: groff warns of it. */
function tidy(lines: readonly string[]): string[] {
  return lines.filter((line, n) => {
    const next = lines[n + 1]
    const last = lines[n - 1]
    if (line !== '.PP') return true
    return next !== undefined && !/^\.(SS|SH|PP)/.test(next) && last !== undefined && !/^\.(SS|SH)/.test(last)
  })
}

function section(heading: string, lines: readonly string[]): string[] {
  return [`.SH ${quoted(heading.toUpperCase())}`, ...lines]
}

function item(tag: string, about: string): string[] {
  return ['.TP', tag, text(about)]
}

function seeAlso(name: string, others: readonly string[]): string {
  const pages = ['kho', ...others.map(other => `kho-${other}`)].filter(page => page !== name)
  return pages.map(page => `${text(page)}(1)`).join(', ')
}

function lowerFirst(sentence: string): string {
  const plain = sentence.replace(/\.$/, '')
  return /^[A-Z][a-z]/.test(plain) ? plain[0]!.toLowerCase() + plain.slice(1) : plain
}

/** Text of a line, in ASCII, which every terminal shows: what roff would take for something else is escaped. */
function text(line: string): string {
  const escaped = asciiText(line)
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped
}

/** An argument of a macro. */
function quoted(argument: string): string {
  return `"${text(argument).replaceAll('"', '\\(dq')}"`
}
