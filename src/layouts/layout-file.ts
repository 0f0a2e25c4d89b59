import { parseDocument } from 'yaml'
import { type Compiled, compileDescription, type Description } from '../../formats/described/index.js'
import { isKhoError, KhoError } from '../../formats/error.js'
import { LAYOUT } from './schema.js'

const MOST_MESSAGES = 8

/** A file of more than this describes no structures. */
const MOST_BYTES = 2 ** 20

/**
 * Reads a description of structures from YAML or JSON text. `name` is how messages call the file.
 *
 * @throws KhoError `usage` with what is wrong and where
 */
export function parseLayout(text: string, name = 'layout'): Compiled {
  if (text.length > MOST_BYTES)
    throw new KhoError('usage', `${name} is too long for a layout`, { path: name })
  const parsed = LAYOUT.safeParse(readYaml(text, name))
  if (!parsed.success) {
    const said = parsed.error.issues
      .slice(0, MOST_MESSAGES)
      .map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
    throw new KhoError('usage', `${name}: ${said.join('; ')}`, {
      path: name,
      hint: 'docs/layouts.md describes the file',
    })
  }
  return compiled(parsed.data, name)
}

function readYaml(text: string, name: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true })
  const [broken] = document.errors
  if (broken !== undefined) {
    throw new KhoError('usage', `${name}: this is no YAML: ${broken.message}`, { path: name })
  }
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new KhoError('usage', `${name}: ${why}`, { path: name })
  }
}

function compiled(description: Description, name: string): Compiled {
  try {
    return compileDescription(description)
  } catch (error) {
    if (!isKhoError(error)) throw error
    throw new KhoError('usage', `${name}: ${error.message}`, { path: name })
  }
}
