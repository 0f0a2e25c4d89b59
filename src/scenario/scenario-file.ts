import { type Document, isMap, LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { KhoError } from '../../formats/error.js'
import { SCENARIO, type Scenario } from './schema.js'

/** Messages beyond this many help nobody. */
const MOST_MESSAGES = 8

/**
 * Reads a scenario from YAML or JSON text. `name` is how messages call the file.
 *
 * @throws KhoError `usage` with one line for each thing that is wrong: where, and what was expected
 */
export function parseScenario(text: string, name = 'scenario'): Scenario {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const [broken] = document.errors
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new KhoError('usage', `${name}:${line}:${col}: this is no YAML: ${broken.message}`, { path: name })
  }
  // Aliases may not blow a small file up.
  const parsed = SCENARIO.safeParse(document.toJS({ maxAliasCount: 100 }))
  if (parsed.success) return parsed.data
  const messages = parsed.error.issues.map(issue => describe(issue, document, lines, name))
  const more = messages.length - MOST_MESSAGES
  const shown = messages.slice(0, MOST_MESSAGES)
  if (more > 0) shown.push(`and ${more} more`)
  throw new KhoError('usage', shown.join('; '), { path: name, hint: 'docs/scenario.md describes the file' })
}

function describe(issue: z.core.$ZodIssue, document: Document, lines: LineCounter, name: string): string {
  const path = issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))
  const at = offsetOf(document, path)
  const line = at === null ? '' : `:${lines.linePos(at).line}`
  const where = path.length === 0 ? 'the file' : path.join('.')
  return `${name}${line}: ${where}: ${messageOf(issue)}`
}

function messageOf(issue: z.core.$ZodIssue): string {
  const { message } = issue
  if (issue.code === 'invalid_union') {
    const reasons = new Set(issue.errors.flat().map(inner => inner.message))
    return reasons.size === 0 ? message : [...reasons].join(' or ')
  }
  return message
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
