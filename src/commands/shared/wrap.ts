/** Continued lines stand this much to the right of their first one. */
const HANG = 4

/**
 * Breaks lines at blanks where they are wider than `columns`, and indents what is continued. Longer words stay whole. By hand: a
 * package for it costs every command 10 ms of start-up.
 */
export function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map(line => (line.length <= columns || shown(line) <= columns ? line : wrapLine(line, columns)))
    .join('\n')
}

/** Characters of a line that take room. */
function shown(line: string): number {
  return plain(line).length
}

/** Without colours. */
function plain(text: string): string {
  return text.includes('\x1b') ? text.replace(/\x1b\[[0-9;]*m/g, '') : text
}

function wrapLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)![0]
  const hang = Math.min(indent.length + HANG, Math.floor(columns / 2))
  const [first, ...rest] = wrapWords(line.slice(indent.length), columns - hang)
  return [indent + first, ...rest.map(next => ' '.repeat(hang) + next)].join('\n')
}

/**
 * Text in lines of no more than so many characters; a longer word stays whole. A line ends behind a comma or the like
 * where one is in its second half, so that a label and its value, or a number and its unit, stay together.
 */
export function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = []
  let line: string[] = []
  for (const word of text.split(' ')) {
    if (line[0] === '') line = []
    while (line.length > 0 && shown(line.join(' ')) + 1 + shown(word) > columns) {
      const kept = bestEnd(line, word, columns)
      lines.push(line.slice(0, kept).join(' ').trimEnd())
      line = line.slice(kept)
      while (line[0] === '') line.shift()
    }
    line.push(word)
  }
  return styleApart([...lines, line.join(' ').trimEnd()])
}

/** How many of a line's words it keeps: as many as end well, else all. */
function bestEnd(line: readonly string[], next: string, columns: number): number {
  let best = line.length
  let rank = rankOf(line.at(-1)!, next)
  for (let kept = line.length - 1; kept > 0 && rank < WELL; kept--) {
    if (shown(line.slice(0, kept).join(' ')) * 2 < columns) break
    const other = rankOf(line[kept - 1]!, line[kept]!)
    if (other <= rank) continue
    rank = other
    best = kept
  }
  return best
}

const WELL = 2

/** How well a line ends between two words: behind a gap or a mark, within a phrase, between what is one. */
function rankOf(before: string, after: string): number {
  const word = plain(before)
  if (word === '' || plain(after) === '' || /[,;:]$/.test(word)) return WELL
  const one = word === '=' || plain(after) === '=' || /^[(]?[0-9.,]+$/.test(word)
  return one ? 0 : 1
}

/** Ends at the end of a line what is coloured there, and begins it again in the next: what is in front has no colour. */
function styleApart(lines: readonly string[]): string[] {
  let open: number[] = []
  return lines.map(line => {
    const begin = sequences(open)
    for (const [, code] of line.matchAll(/\x1b\[(\d+)m/g)) {
      const number = Number(code)
      const kept = open.filter(other => number !== 0 && endOf(other) !== number)
      open = isEnd(number) ? kept : [...open, number]
    }
    return begin + line + sequences([...open].reverse().map(endOf))
  })
}

function sequences(codes: readonly number[]): string {
  return codes.map(code => `\x1b[${code}m`).join('')
}

/** What ends a style: 22 bold and faint, 39 a colour, else 20 more than what began it (ECMA-48, SGR). */
function endOf(code: number): number {
  return code === 1 || code === 2 ? 22 : code < 10 ? code + 20 : 39
}

function isEnd(code: number): boolean {
  return code === 0 || (code > 20 && code < 30) || code === 39
}
