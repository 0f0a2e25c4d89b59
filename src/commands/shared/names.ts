import { KhoError } from '../../../formats/error.js'

/** Names that are offered in place of one that there is not. */
const OFFERED = 3

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
  const like = begins.length > 0 ? begins : likeNames(text, names)
  const hint = like.length === 0 ? `\`${list}\` lists them` : `did you mean ${offer(like)}?`
  throw new KhoError('usage', `no ${what} is called ${JSON.stringify(text)}`, { hint })
}

function single(names: readonly string[]): string | null {
  return names.length === 1 ? (names[0] as string) : null
}

function offer(names: readonly string[]): string {
  const shown = names.slice(0, OFFERED).join(', ')
  return names.length > OFFERED ? `${shown} …` : shown
}

/** Names that are but a few letters off, or have a word of it, the nearest first. */
function likeNames(text: string, names: readonly string[]): string[] {
  const wanted = text.toUpperCase().slice(0, LONGEST)
  const most = Math.max(1, Math.floor(wanted.length / 3))
  return names
    .map(name => ({ name, off: distance(wanted, name.toUpperCase()) }))
    .filter(({ name, off }) => off <= most || (wanted.length > 3 && name.toUpperCase().includes(wanted)))
    .sort((a, b) => a.off - b.off || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name)
}

/** No name is longer: what a user types may be. */
const LONGEST = 64

/** Letters to change, add or leave out: Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length] as number
}
