import { pick } from './mutate.js'

/** Values that a scenario has no place for, most of them. */
const VALUES = [
  '0',
  '-1',
  '1e9',
  '999999999999',
  '18446744073709551616',
  '0x7fffffffffffffff',
  '4095',
  '64T',
  'null',
  '[]',
  '{}',
  '*x',
  '&x [*x]',
  '""',
  "'\\x1b[31m'",
  '"\\u0000\\u009b"',
  '!!binary aGVsbG8=',
  '.inf',
  '2026-11-24',
  '{ file: ../../../../etc/passwd }',
  '{ file: /dev/zero }',
  '{ seed: 1 }',
  '0-1',
  '1G-0',
]

/** Changes lines, values and words of a text. */
export function mutateText(text: string, random: () => number): string {
  let lines = text.split('\n')
  const times = 1 + Math.floor(random() * 4)
  for (let n = 0; n < times; n++) {
    const at = Math.floor(random() * lines.length)
    const line = lines[at] ?? ''
    const kind = random()
    if (kind < 0.5) {
      const values = [...line.matchAll(/(?<=[:[,] ?)[^\s:[\]{},]+/g)]
      if (values.length === 0) continue
      const { 0: old, index } = pick(values, random)
      lines[at] = `${line.slice(0, index)}${pick(VALUES, random)}${line.slice(index + old.length)}`
    } else if (kind < 0.6) {
      lines.splice(at, 1)
    } else if (kind < 0.7) {
      lines = [...lines.slice(0, at), ...lines.slice(at, at + 3), ...lines.slice(at)]
    } else if (kind < 0.8) {
      lines[at] = line.replace(/[a-z]{3,}/, word =>
        pick([`${word}s`, word.toUpperCase(), 'kexec', ''], random),
      )
    } else if (kind < 0.9) {
      lines[at] = `${pick([' ', '  ', '\t', '- ', '? '], random)}${line}`
    } else {
      const place = Math.floor(random() * (line.length + 1))
      lines[at] =
        line.slice(0, place) +
        pick([':', '{', ']', '"', '\u0007', '\u007f', '#', '|', '&'], random) +
        line.slice(place)
    }
  }
  return lines.join('\n')
}
