import { type Document, isMap, LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { KhoError } from '../../formats/error.js'
import { SCENARIO, type Scenario } from './schema.js'
import { issueText } from './wording.js'

/** Messages beyond this many help nobody. */
const MOST_MESSAGES = 8

/**
 * Most characters of a scenario: a parsed file takes some 200 times its size in memory, and one by hand is a hundredth of
 * this.
 */
export const MOST_CHARACTERS = 2 ** 20

/** Lists in lists beyond this are no scenario, and a parser that calls itself has an end. */
const MOST_DEPTH = 64

/** Aliases may not blow a small file up. */
const MOST_ALIASES = 100

/** What else begins like this, and is given by mistake. */
const IMAGE_HEADS: readonly (readonly [head: string, what: string])[] = [
  ['\x7fELF', 'an ELF image'],
  ['KDUMP   ', 'a kdump image'],
  ['makedumpfile\0', 'a kdump image, flattened'],
  ['EMiL', 'a LiME image'],
]

/**
 * Reads a scenario from YAML or JSON text. `name` is how messages call the file.
 *
 * @throws KhoError `usage` with one line for each thing that is wrong: where, and what was expected
 */
export function parseScenario(text: string, name = 'scenario'): Scenario {
  refuseOthers(text, name)
  const lines = new LineCounter()
  const document = readDocument(text, lines, name)
  const value = plainOf(document, name)
  const parsed = SCENARIO.safeParse(value)
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  const shown = issues.slice(0, MOST_MESSAGES).map(issue => describe(issue, value, document, lines, name))
  const more = issues.length - MOST_MESSAGES
  if (more > 0) shown.push(`and ${more} more`)
  throw new KhoError('usage', shown.join('; '), { path: name, hint: 'docs/scenario.md describes the file' })
}

function refuseOthers(text: string, name: string): void {
  const image = IMAGE_HEADS.find(([head]) => text.startsWith(head))
  if (image !== undefined)
    throw new KhoError('usage', `${name} is ${image[1]}, not a scenario`, { path: name })
  if (text.includes('\0')) throw new KhoError('usage', `${name} is no text`, { path: name })
  if (text.length > MOST_CHARACTERS) {
    throw new KhoError('usage', `${name} has ${text.length} characters, more than ${MOST_CHARACTERS}`, {
      path: name,
      hint: 'preserve_all and preserve_random stand for many calls',
    })
  }
  if (depthOf(text) > MOST_DEPTH) {
    throw new KhoError('usage', `${name} is nested more than ${MOST_DEPTH} deep`, { path: name })
  }
}

/** How deep brackets and indented lists go, at most: brackets in quotes count, which a scenario has few of. */
function depthOf(text: string): number {
  let most = 0
  let depth = 0
  for (const line of text.split('\n')) {
    // `- - - x` and `? ? x` open a level with each mark.
    const marks = /^(?:\s*[-?](?=\s|$))*/.exec(line)![0].replace(/\s/g, '').length
    for (const character of line) {
      if (character === '[' || character === '{') depth++
      if (character === ']' || character === '}') depth = Math.max(0, depth - 1)
      most = Math.max(most, depth)
    }
    most = Math.max(most, marks, depth + indentDepth(line))
  }
  return most
}

/** A level is one column at least. */
function indentDepth(line: string): number {
  return line.trim() === '' ? 0 : (line.length - line.trimStart().length) / 2
}

function readDocument(text: string, lineCounter: LineCounter, name: string): Document {
  const document = guard(name, () =>
    parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, logLevel: 'silent' }),
  )
  const [broken] = document.errors
  if (broken === undefined) return document
  const { line, col } = lineCounter.linePos(broken.pos[0])
  throw new KhoError('usage', `${name}:${line}:${col}: this is no YAML: ${broken.message}`, { path: name })
}

function plainOf(document: Document, name: string): unknown {
  return guard(name, () => document.toJS({ maxAliasCount: MOST_ALIASES }))
}

/** What the parser throws is about the file: an alias of nothing, too many of them, a structure that has no end. */
function guard<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const reason =
      error instanceof RangeError
        ? 'it is nested too deeply'
        : /^Unresolved alias/.test(why)
          ? `an alias stands for nothing: *${why.replace(/^.*: /, '')}`
          : /alias/i.test(why)
            ? 'its aliases would make it much larger than it is'
            : why
    throw new KhoError('usage', `${name}: ${reason}`, { path: name })
  }
}

function describe(
  issue: z.core.$ZodIssue,
  value: unknown,
  document: Document,
  lines: LineCounter,
  name: string,
): string {
  const path = issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))
  const at = offsetOf(document, path)
  const line = at === null ? '' : `:${lines.linePos(at).line}`
  const where = path.length === 0 ? 'the file' : path.join('.')
  return `${name}${line}: ${where}: ${issueText(issue, value)}`
}

/** Where the nearest node on the path begins that the file has. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | null {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isMap(node) && length < path.length) {
      const pair = node.items.find(item => String(item.key) === String(path[length]))
      const key: unknown = pair?.key
      if (hasRange(key)) return key.range[0]
    }
    if (hasRange(node)) return node.range[0]
  }
  return null
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
}
