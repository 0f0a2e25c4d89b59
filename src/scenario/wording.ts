import type * as z from 'zod'

type Issue = z.core.$ZodRawIssue | z.core.$ZodIssue

/** What a kind of value is called, with an example of it. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'text, such as vm-a',
  number: 'a number, such as 9',
  int: 'a whole number, such as 9',
  boolean: 'true or false',
  array: 'a list, such as [0-1G]',
  tuple: 'a list, such as [0x4000000, 9]',
  object: 'keys with values, such as { order: 9 }',
  record: 'keys with values, such as { name: value }',
}

/**
 * What is wrong, in words for whoever wrote the file.
 *
 * @param value what the file has where the issue's path begins
 */
export function issueText(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return issueOfType(String(issue.expected), valueAt(value, issue.path ?? []))
    case 'invalid_value':
      return `expected ${oneOf(issue.values.map(String))}`
    case 'unrecognized_keys':
      return `there is no such key: ${issue.keys.join(', ')}`
    case 'too_small':
      return limitText(issue.origin, 'at least', Number(issue.minimum), issue.inclusive !== false)
    case 'too_big':
      return limitText(issue.origin, 'at most', Number(issue.maximum), issue.inclusive !== false)
    case 'invalid_format':
      return 'expected hexadecimal digits, two for each byte, such as 00ff'
    case 'invalid_union':
      return unionText(issue.errors.flat(), valueAt(value, issue.path ?? []))
    default:
      return issue.message ?? 'makes no sense here'
  }
}

/** The value at a path; undefined where the path leads nowhere. */
function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<PropertyKey, unknown>)[key]
  }
  return at
}

function issueOfType(kind: string, value: unknown): string {
  const wanted = KINDS[kind] ?? kind
  return value === undefined ? `missing: expected ${wanted}` : `expected ${wanted}`
}

function limitText(origin: string, word: string, limit: number, inclusive: boolean): string {
  const things =
    origin === 'array' ? (limit === 1 ? ' element' : ' elements') : origin === 'string' ? ' characters' : ''
  return inclusive ? `expected ${word} ${limit}${things}` : `expected more than ${limit}${things}`
}

/** What any of the alternatives would have taken. */
function unionText(issues: readonly Issue[], value: unknown): string {
  if (value === undefined) return 'missing'
  const reasons = new Set<string>()
  for (const issue of issues) {
    const inner = (issue.path ?? []).length === 0 ? value : valueAt(value, issue.path ?? [])
    reasons.add(issueText({ ...issue, path: [] } as Issue, inner).replace(/^(missing: )?expected /, ''))
  }
  return `expected ${[...reasons].join(', or ')}`
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `one of ${values.join(', ')}`
}
