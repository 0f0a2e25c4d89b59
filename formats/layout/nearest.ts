/** Names that somebody may have meant: most that are offered. */
const MOST = 3

/** The one of some names that a text is, whatever its case; null where none is, or several are. */
export function anyCase<T extends string>(text: string, names: readonly T[]): T | null {
  if (names.includes(text as T)) return text as T
  const folded = text.toLowerCase()
  const same = names.filter(name => name.toLowerCase() === folded)
  return same.length === 1 ? same[0]! : null
}

/** Names that somebody may have meant, best first: another case, few other letters, a beginning, a part. */
function nearestNames(text: string, names: readonly string[]): string[] {
  const folded = text.toLowerCase()
  const most = Math.max(1, Math.floor(folded.length / 4))
  const weigh = (name: string): number => {
    const other = name.toLowerCase()
    const edits = editDistance(folded, other, most)
    if (edits <= most) return edits
    // One or two letters begin too many names to mean any.
    if (folded.length < 3) return Number.POSITIVE_INFINITY
    if (other.startsWith(folded)) return most + 1
    return other.includes(folded) ? most + 2 : Number.POSITIVE_INFINITY
  }
  return names
    .map(name => ({ name, weight: weigh(name) }))
    .filter(({ weight }) => weight < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.weight - b.weight)
    .slice(0, MOST)
    .map(({ name }) => name)
}

/** `did you mean X or Y?`; undefined where nothing is like the text. */
export function didYouMean(text: string, names: readonly string[]): string | undefined {
  const near = nearestNames(text, names)
  if (near.length === 0) return undefined
  const last = near.pop()!
  return `did you mean ${near.length === 0 ? last : `${near.join(', ')} or ${last}`}?`
}

/** Letters to put in, take out, change or swap with their neighbour; anything above `most` may be said of more. */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(change, last[j]! + 1, row[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, before[j - 2]! + 1)
      }
    }
    before = last
    last = row
  }
  return last[b.length]!
}
