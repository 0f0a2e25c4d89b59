import { KhoError } from '../../../formats/error.js'
import { didYouMean } from '../../../formats/layout/nearest.js'

/**
 * The name that is meant: as it is written, in other letters' case, or cut short where that can be only one.
 *
 * @param list - the command that lists the names
 * @throws KhoError `usage` for any other; the hint offers what is like it
 */
export function nameAmong(text: string, names: readonly string[], what: string, list: string): string {
  const wanted = text.toUpperCase()
  const same = names.filter(name => name.toUpperCase() === wanted)
  const begins = wanted === '' ? [] : names.filter(name => name.toUpperCase().startsWith(wanted))
  const found = names.includes(text) ? text : (single(same) ?? single(begins))
  if (found !== null) return found
  const hint = didYouMean(text, names) ?? `\`${list}\` lists them`
  throw new KhoError('usage', `no ${what} is called '${text}'`, { hint })
}

function single(names: readonly string[]): string | null {
  return names.length === 1 ? (names[0] as string) : null
}
