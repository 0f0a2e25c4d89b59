import type { FileStat, SessionStat, Stat } from '../../stat/stat.js'

/** What sessions and files can be sorted by. */
export const SORTS = ['given', 'name', 'size', 'pages', 'files'] as const
export type Sort = (typeof SORTS)[number]

/** How much is shown, and in what order. */
export interface Shown {
  sort: Sort
  /** Sessions at the most, and files of each. */
  sessions: number
  files: number
}

/** Lines of sessions and files that fit on a screen; what is longer is cut to its largest. */
const FITTING = 40
const CUT: Shown = { sort: 'size', sessions: 8, files: 2 }

/** What is shown of a state where the command line does not say it all. */
export function shownOf({ sessions }: Stat, sort: Sort | undefined, top: number | undefined): Shown {
  if (top !== undefined) return { sort: sort ?? CUT.sort, sessions: top, files: top }
  const lines = (sessions.items ?? []).reduce((sum, { files }) => sum + 1 + files.length, 0)
  if (lines > FITTING) return { ...CUT, sort: sort ?? CUT.sort }
  const all = Number.POSITIVE_INFINITY
  return { sort: sort ?? 'given', sessions: all, files: all }
}

/** Sessions in an order, and so their files; the largest first, names from a to z. What is not known comes last. */
export function sortSessions(sessions: readonly SessionStat[], sort: Sort): SessionStat[] {
  const sorted = sessions.map(session => ({ ...session, files: sortBy(session.files, fileKey(sort)) }))
  return sortBy(sorted, sessionKey(sort))
}

/** What the files of a session come to; null where one of them is not known. Handles have nothing to add. */
export function sumOf(files: readonly FileStat[], of: (file: FileStat) => number | null): number | null {
  let sum = 0
  for (const file of files) {
    const value = file.contents ? of(file) : 0
    if (value === null) return null
    sum += value
  }
  return sum
}

type Key<T> = ((item: T) => string | number | null) | null

function sessionKey(sort: Sort): Key<SessionStat> {
  if (sort === 'given') return null
  if (sort === 'name') return ({ name }) => name
  if (sort === 'files') return ({ files }) => files.length
  return ({ files }) => sumOf(files, file => file[sort])
}

function fileKey(sort: Sort): Key<FileStat> {
  if (sort === 'given' || sort === 'files') return null
  return sort === 'name' ? file => file.name ?? file.token.toString().padStart(20, '0') : file => file[sort]
}

function sortBy<T>(items: readonly T[], key: Key<T>): T[] {
  if (key === null) return [...items]
  const keyed = items.map(item => ({ item, key: key(item) }))
  keyed.sort((a, b) => compare(a.key, b.key))
  return keyed.map(({ item }) => item)
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  if (typeof a === 'number' && typeof b === 'number') return b - a
  return a < b ? -1 : a > b ? 1 : 0
}
