import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { type CompiledLayout, compileLayout, type LayoutFile } from '../../formats/described/index.js'
import { isKhoError, KhoError } from '../../formats/error.js'
import { LAYOUT } from './schema.js'

const MOST_MESSAGES = 4

/** A file of more than this describes no structures. */
export const MOST_LAYOUT_BYTES = 2 ** 20

/**
 * Reads a description of structures from YAML or JSON text. `name` is how messages call the file.
 *
 * @throws KhoError `usage` with what is wrong and where, in one line
 */
export function parseLayout(text: string, name = 'layout'): CompiledLayout {
  if (text.length > MOST_LAYOUT_BYTES) throw wrong(name, null, 'is too long for a layout')
  const lines = new LineCounter()
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true, lineCounter: lines })
  const [broken] = document.errors
  if (broken !== undefined) {
    throw wrong(name, lines.linePos(broken.pos[0]).line, `this is no YAML: ${broken.message}`)
  }
  const parsed = LAYOUT.safeParse(plainValue(document, name))
  if (!parsed.success) throw refused(parsed.error.issues, document, lines, name)
  return compiled(parsed.data, document, lines, name)
}

function plainValue(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw wrong(name, null, error instanceof Error ? error.message : String(error))
  }
}

type Issues = readonly { path: readonly PropertyKey[]; message: string }[]

/** The first things that are wrong, and the line of the first. */
function refused(issues: Issues, document: Document, lines: LineCounter, name: string): KhoError {
  const said = issues
    .slice(0, MOST_MESSAGES)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  return wrong(name, lineOf(document, lines, issues[0]!.path), said.join('; '))
}

/** The line of what a path leads to, or of the last thing on the way that there is. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | null {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range != null) return lines.linePos(node.range[0]).line
  }
  return null
}

function compiled(file: LayoutFile, document: Document, lines: LineCounter, name: string): CompiledLayout {
  try {
    return compileLayout(file)
  } catch (error) {
    if (!isKhoError(error)) throw error
    const struct = /^struct(?:ure)? (\w+)/.exec(error.message)?.[1]
    throw wrong(
      name,
      struct === undefined ? null : lineOf(document, lines, ['structs', struct]),
      error.message,
    )
  }
}

function wrong(name: string, line: number | null, message: string): KhoError {
  const where = line === null ? name : `${name}:${line}`
  return new KhoError('usage', `${where}: ${message.replace(/\s+/g, ' ')}`, {
    path: name,
    hint: 'docs/layouts.md describes the file',
  })
}
