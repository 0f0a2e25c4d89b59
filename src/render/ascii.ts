/** What people see instead of typography that a terminal without UTF-8 cannot show. */
const PLAIN: Readonly<Record<string, string>> = {
  '…': '...',
  '→': '->',
  '←': '<-',
  '↔': '<->',
  '–': '-',
  '—': '-',
  '×': 'x',
  '·': '.',
  '•': '*',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '\u00a0': ' ',
}

/** Lines of boxes; what is neither of the first two is a corner. */
const HORIZONTAL = /[─━┄┅┈┉╌╍═╴╶╸╺╼╾]/
const VERTICAL = /[│┃┆┇┊┋╎╏║╵╷╹╻╽╿]/
const BOX = /[\u2500-\u257f]/
const BLOCK = /[\u2580-\u259f]/

/** Text in ASCII: arrows, dots and boxes as they were written before there were any; other characters as their bytes, `\xNN`. */
export function asciiText(text: string): string {
  return text.replace(
    /[\u0080-\u{10ffff}]/gu,
    character => PLAIN[character] ?? drawn(character) ?? bytesOf(character),
  )
}

function drawn(character: string): string | null {
  if (HORIZONTAL.test(character)) return '-'
  if (VERTICAL.test(character)) return '|'
  if (BOX.test(character)) return '+'
  return BLOCK.test(character) ? '#' : null
}

function bytesOf(character: string): string {
  return [...new TextEncoder().encode(character)].map(byte => `\\x${byte.toString(16)}`).join('')
}
